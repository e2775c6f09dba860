// Weights that somebody else trained, put into a network of ours: safetensors, or PyTorch's .pth/.pt (read as
// data; nothing of it is run), under the names of the projects in names.h.
#pragma once

#include <torch/types.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/tensor_file.h"
#include "model/image/network.h"
#include "model/pretrained/names.h"

namespace frugal::model {

class PretrainedFile {
 public:
  // UserError where it is no such file, is one piece of several, holds code, or is of no known family.
  // `module.` and `_orig_mod.` before names are taken off, and the doubled names of Once-for-all's supernets
  // ("conv.conv").
  explicit PretrainedFile(const std::string& path);

  const std::string& path() const { return file_->path(); }
  const NameFamily& family() const { return *family_; }

  // By our names of the network's tensors, those that the file has (in float32, whatever they are stored as).
  // Its linear layers are 1×1 convolutions where ours are. UserError where one is no floating-point tensor.
  std::map<std::string, torch::Tensor> tensors_of(const network::NetworkConfig& network) const;
  // Tensors of the file that are none of the network's.
  std::vector<std::string> beside(const network::NetworkConfig& network) const;
  // What the file calls a tensor of the network, "" where its projects have no name for it.
  std::string name_in_file(const network::NetworkConfig& network, const std::string& ours) const;

 private:
  bool has(const std::string& name) const { return names_.contains(name); }
  // By our name of each tensor, the family's.
  std::map<std::string, std::string> family_names(const network::NetworkConfig& network) const;

  std::unique_ptr<checkpoint::TensorFile> file_;
  std::map<std::string, std::string> names_;  // as the family writes them: as they stand in the file
  const NameFamily* family_ = nullptr;
};

struct Loaded {
  std::string family;
  std::int64_t tensors = 0, numbers = 0;  // taken
  bool head = false;                      // the classifier, too
  std::vector<std::string> passed_over;   // tensors of the file that have no place in the network
};

// Fills the network with the file's weights; all but the classifier where `with_head` is false, which then
// stays as it is. UserError that names file and tensor where one lacks or has another shape: a body that fits
// in part is another network's.
Loaded load_pretrained(ImageNetwork& network, const std::string& path, bool with_head);

}  // namespace frugal::model
