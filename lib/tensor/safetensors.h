// Tensors and modules to and from safetensors files.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/safetensors.h"

namespace torch::nn {
class Module;
}

namespace frugal::tensor {

using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

c10::ScalarType torch_type(checkpoint::DType dtype);
checkpoint::DType file_type(c10::ScalarType type);

// A copy of one tensor of the file (its memory map may go). UserError with the nearest name where absent.
torch::Tensor read_tensor(const checkpoint::SafetensorsFile& file, const std::string& name);

// Written in the order given, contiguous (channels-last tensors too, in their logical order).
void write_tensors(const std::string& path, const NamedTensors& tensors,
                   const checkpoint::Metadata& metadata = {});

// A module's parameters and buffers by name; `num_batches_tracked` is left out: nothing here reads it.
NamedTensors state_of(const torch::nn::Module& module);

// Copies the file's tensors into those named, in place. Every one must be there with its shape: UserError
// naming the file, the tensor, both shapes. `prefix` is put before each name. Tensors of the file that
// nobody asked for are an error too where `strict` (with the nearest name), else passed over.
void read_into(const checkpoint::SafetensorsFile& file, const NamedTensors& targets,
               const std::string& prefix = "", bool strict = false);

// The weights of a module from a file, strictly.
void load_weights(torch::nn::Module& module, const std::string& path);

}  // namespace frugal::tensor
