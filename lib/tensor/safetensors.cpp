#include "tensor/safetensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/nn/module.h>

#include <cstring>
#include <set>

#include "base/error.h"
#include "checkpoint/strict.h"

namespace frugal::tensor {
namespace {

using base::UserError;
using checkpoint::DType;

struct TypePair {
  DType file;
  c10::ScalarType torch;
};
constexpr TypePair types[] = {{DType::f64, torch::kFloat64}, {DType::f32, torch::kFloat32},
                              {DType::f16, torch::kFloat16}, {DType::bf16, torch::kBFloat16},
                              {DType::i64, torch::kInt64},   {DType::i32, torch::kInt32},
                              {DType::i16, torch::kInt16},   {DType::i8, torch::kInt8},
                              {DType::u8, torch::kUInt8},    {DType::boolean, torch::kBool}};

std::string text_of(c10::IntArrayRef shape) {
  return fmt::format("[{}]", fmt::join(shape.begin(), shape.end(), ", "));
}

torch::Tensor view_of(const checkpoint::SafetensorsFile& file, const checkpoint::TensorInfo& info) {
  const auto bytes = file.bytes(info);
  // The map is read-only; the view is only ever copied from.
  return torch::from_blob(const_cast<unsigned char*>(bytes.data()), info.shape, torch_type(info.dtype));
}

}  // namespace

c10::ScalarType torch_type(DType dtype) {
  for (const TypePair& pair : types) {
    if (pair.file == dtype) return pair.torch;
  }
  FRUGAL_ASSERT(false, "a file type that torch has not");
  return torch::kFloat32;
}

DType file_type(c10::ScalarType type) {
  for (const TypePair& pair : types) {
    if (pair.torch == type) return pair.file;
  }
  FRUGAL_ASSERT(false, "a torch type that safetensors files have not");
  return DType::f32;
}

torch::Tensor read_tensor(const checkpoint::SafetensorsFile& file, const std::string& name) {
  return view_of(file, file.at(name)).clone();
}

void write_tensors(const std::string& path, const NamedTensors& tensors,
                   const checkpoint::Metadata& metadata) {
  std::vector<checkpoint::SafetensorsWriter::Entry> entries;
  for (const auto& [name, tensor] : tensors) {
    entries.push_back({name, file_type(tensor.scalar_type()), tensor.sizes().vec()});
  }
  checkpoint::SafetensorsWriter writer(path, entries, metadata);
  for (const auto& [name, tensor] : tensors) {
    const torch::Tensor plain = tensor.detach().to(torch::kCPU).contiguous();
    if (plain.numel() > 0) writer.append(plain.data_ptr(), plain.nbytes());
  }
  writer.finish();
}

NamedTensors state_of(const torch::nn::Module& module) {
  NamedTensors state;
  for (const auto& item : module.named_parameters()) state.emplace_back(item.key(), item.value());
  for (const auto& item : module.named_buffers()) {
    if (!checkpoint::never_read(item.key())) state.emplace_back(item.key(), item.value());
  }
  return state;
}

void read_into(const checkpoint::SafetensorsFile& file, const NamedTensors& targets,
               const std::string& prefix, bool strict) {
  if (strict) {
    std::set<std::string> wanted;
    for (const auto& [name, target] : targets) wanted.insert(prefix + name);
    checkpoint::refuse_others(file, wanted, prefix);
  }
  // All of them are checked before the first is overwritten.
  for (const auto& [name, target] : targets) {
    const checkpoint::TensorInfo& info = file.at(prefix + name);
    if (c10::IntArrayRef(info.shape) != target.sizes()) {
      throw UserError(file.path() + ":" + info.name,
                      fmt::format("has the shape {}, but the network needs {}", text_of(info.shape),
                                  text_of(target.sizes())));
    }
  }
  const torch::NoGradGuard no_grad;
  for (const auto& [name, target] : targets) {
    torch::Tensor into = target;
    into.copy_(view_of(file, file.at(prefix + name)));
  }
}

void load_weights(torch::nn::Module& module, const std::string& path) {
  read_into(checkpoint::SafetensorsFile(path), state_of(module), "", true);
}

}  // namespace frugal::tensor
