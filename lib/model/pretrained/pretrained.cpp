#include "model/pretrained/pretrained.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/error.h"
#include "base/progress.h"
#include "checkpoint/state_dict.h"
#include "checkpoint/strict.h"
#include "tensor/safetensors.h"

namespace frugal::model {
namespace {

using base::UserError;
using torch::Tensor;

std::unique_ptr<checkpoint::TensorFile> open(const std::string& path) {
  const char* one_file = "give one .safetensors, .pth or .pt file of weights";
  if (std::filesystem::is_directory(path)) throw UserError(path, "is a folder", one_file);
  if (path.ends_with(".index.json"))
    throw UserError(path, "is the index of weights in several files, which are not read here", one_file);
  if (checkpoint::ZipArchive::is_one(path)) return std::make_unique<checkpoint::StateDictFile>(path);
  std::array<unsigned char, 2> head{};
  std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(head.data()), head.size());
  if (head[0] == 0x80 && head[1] >= 2 && head[1] <= 5) {
    throw UserError(path, "is in PyTorch's format of before version 1.6, which is not read here",
                    "save it anew: torch.save(torch.load(path, weights_only=True), new_path)");
  }
  return std::make_unique<checkpoint::SafetensorsFile>(path);
}

// "module.features.0.0.weight" is "features.0.0.weight"; "depth_conv.conv.conv.weight" is
// "depth_conv.conv.weight".
std::string plain_name(std::string name) {
  for (bool again = true; again;) {
    again = false;
    for (const char* wrapper : {"module.", "_orig_mod."}) {
      if (!name.starts_with(wrapper)) continue;
      name.erase(0, std::string_view(wrapper).size());
      again = true;
    }
  }
  const auto leaf = name.rfind('.');
  for (const std::string_view doubled : {".conv.conv", ".bn.bn", ".linear.linear"}) {
    if (leaf == std::string::npos || !std::string_view(name).substr(0, leaf).ends_with(doubled)) continue;
    name.erase(leaf - doubled.size() / 2, doubled.size() / 2);
    break;
  }
  return name;
}

bool is_head(const std::string& ours) { return ours.starts_with("classifier."); }

std::string shape_text(c10::IntArrayRef shape) {
  return fmt::format("[{}]", fmt::join(shape.begin(), shape.end(), ", "));
}

}  // namespace

PretrainedFile::PretrainedFile(const std::string& path) : file_(open(path)) {
  for (const checkpoint::TensorInfo& tensor : file_->tensors()) names_[plain_name(tensor.name)] = tensor.name;
  family_ = &recognise_family([this](const std::string& name) { return has(name); }, path);
}

std::map<std::string, std::string> PretrainedFile::family_names(const network::NetworkConfig& network) const {
  return names_in(*family_, network, [this](const std::string& name) { return has(name); });
}

std::map<std::string, Tensor> PretrainedFile::tensors_of(const network::NetworkConfig& network) const {
  std::map<std::string, Tensor> tensors;
  for (const auto& [ours, theirs] : family_names(network)) {
    const auto found = names_.find(theirs);
    if (found == names_.end()) continue;
    const checkpoint::TensorInfo& info = file_->at(found->second);
    const c10::ScalarType type = tensor::torch_type(info.dtype);
    if (!c10::isFloatingType(type)) {
      throw UserError(
          path() + ":" + info.name,
          fmt::format("holds {} numbers; a quantised network is no start here", name_of(info.dtype)),
          "give the weights in floating point");
    }
    // The file's map is read-only; the view is only copied from.
    Tensor value = torch::from_blob(const_cast<unsigned char*>(file_->bytes(info).data()), info.shape, type)
                       .to(torch::kFloat32)
                       .clone();
    if (value.dim() == 2 && ours.ends_with(".conv.weight")) value = value.unsqueeze(2).unsqueeze(3);
    tensors[ours] = value;
  }
  return tensors;
}

std::vector<std::string> PretrainedFile::beside(const network::NetworkConfig& network) const {
  std::set<std::string> placed;
  for (const auto& [ours, theirs] : family_names(network)) placed.insert(theirs);
  std::vector<std::string> rest;
  for (const auto& [plain, name] : names_) {
    if (!placed.contains(plain) && !checkpoint::never_read(plain)) rest.push_back(name);
  }
  return rest;
}

std::string PretrainedFile::name_in_file(const network::NetworkConfig& network,
                                         const std::string& ours) const {
  const auto names = family_names(network);
  const auto theirs = names.find(ours);
  if (theirs == names.end()) return "";
  const auto in_file = names_.find(theirs->second);
  return in_file == names_.end() ? theirs->second : in_file->second;
}

Loaded load_pretrained(ImageNetwork& network, const std::string& path, bool with_head) {
  const PretrainedFile file(path);
  const network::NetworkConfig& config = network.config();
  const auto theirs = file.tensors_of(config);
  std::vector<std::string> absent;
  std::vector<std::pair<Tensor, Tensor>> copies;  // to, from
  Loaded loaded;
  loaded.family = name_of(file.family());
  loaded.head = with_head;
  for (auto& [ours, target] : tensor::state_of(network)) {
    if (is_head(ours) && !with_head) continue;
    const auto found = theirs.find(ours);
    if (found == theirs.end()) {
      const std::string name = file.name_in_file(config, ours);
      absent.push_back(name.empty() ? ours : name);
      continue;
    }
    if (found->second.sizes() != target.sizes()) {
      throw UserError(path + ":" + file.name_in_file(config, ours),
                      fmt::format("has the shape {}, but {} of the network needs {}",
                                  shape_text(found->second.sizes()), ours, shape_text(target.sizes())),
                      is_head(ours) ? "pretrained.head=new trains a head of these classes"
                                    : "the network's description must be the one that was trained");
    }
    copies.emplace_back(target, found->second);
  }
  if (!absent.empty()) {
    throw UserError(path,
                    fmt::format("({}) lacks {} tensors of the network, first {}", loaded.family,
                                absent.size(), absent.front()),
                    "the network's description must be the one that was trained");
  }
  for (const std::string& name : file.beside(config)) {
    const bool of_body =
        name.find("blocks.") != std::string::npos || name.find("features.") != std::string::npos;
    if (of_body && name.ends_with(".weight")) {
      throw UserError(path + ":" + name, "is of a larger network than the one described",
                      "the network's description must be the one that was trained");
    }
    loaded.passed_over.push_back(name);
  }
  const torch::NoGradGuard no_grad;
  for (auto& [target, source] : copies) {
    target.copy_(source);
    loaded.numbers += source.numel();
  }
  loaded.tensors = static_cast<std::int64_t>(copies.size());
  const double eps = batch_norm_eps(file.family());
  if (eps > 0 && eps != config.bn.eps) {
    base::log_note("pretrained",
                   fmt::format("warning: {} has {:g} as batch norm's eps, the network's description {:g}",
                               loaded.family, eps, config.bn.eps));
  }
  return loaded;
}

}  // namespace frugal::model
