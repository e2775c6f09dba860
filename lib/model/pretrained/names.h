// How other projects call the tensors of the networks that network.json describes. One table (names.cpp) has
// the families: ProxylessNAS (whose names are ours), Once-for-all and MCUNet, torchvision's MobileNetV2 and
// V3, timm's.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "network/network.h"

namespace frugal::model {

struct NameFamily;

// The family that a file's tensors are of, by one that only its files have. UserError at `file` where it is
// none of them. `has`: whether the file has a tensor of a name.
const NameFamily& recognise_family(const std::function<bool(const std::string& name)>& has,
                                   const std::string& file);

const char* name_of(const NameFamily& family);
// batch norm's eps in that project's models, 0 where they differ.
double batch_norm_eps(const NameFamily& family);

// By our name of each tensor of the network (tensor::state_of), the name that it has in such a file.
std::map<std::string, std::string> names_in(const NameFamily& family, const network::NetworkConfig& network,
                                            const std::function<bool(const std::string& name)>& has);

}  // namespace frugal::model
