// What a network will take of a device, told before anybody has trained it: it is compiled with numbers made
// up, on which no size and no place depends.
#pragma once

#include "compile/config.h"
#include "compile/fit.h"
#include "ir/ids.h"
#include "network/network.h"

namespace frugal::compile {

// On integers, as `tinytrain-compile quantize` makes it of the trained network. Throws UserError at
// "origin: layer" for a layer that has no form on integers.
ir::Model int8_form(const network::NetworkConfig& network, const std::string& rounding,
                    const std::string& origin);

// By the config's target, scheme and passes; config.network is the network's name in messages.
Footprint footprint_untrained(const network::NetworkConfig& network, const CompileConfig& config);

}  // namespace frugal::compile
