// PyTorch's own files of tensors (.bin, .pt, .pth as torch.save writes them since 1.6): a zip archive of raw
// storages and a pickle that says which tensor lies where. The pickle is read as data and nothing of it is
// run; a file that would call anything but PyTorch's own makers of tensors is refused by that function's
// name.
//
// A file may hold a dictionary of tensors, or one under `state_dict`, `model_state_dict` or `model` beside
// other things.
#pragma once

#include <map>
#include <vector>

#include "checkpoint/tensor_file.h"
#include "checkpoint/zip_archive.h"

namespace frugal::checkpoint {

class StateDictFile : public TensorFile {
 public:
  // UserError naming file and tensor: no such file, older or other format, damage, code.
  explicit StateDictFile(const std::string& path);
  std::span<const unsigned char> bytes(const TensorInfo& tensor) const override;
  void release(const TensorInfo& tensor) const override;

 private:
  ZipArchive archive_;
  std::map<std::string, std::span<const unsigned char>> bytes_;  // by tensor
  std::map<std::string, std::vector<unsigned char>> copied_;  // of those that did not lie in their own order
};

}  // namespace frugal::checkpoint
