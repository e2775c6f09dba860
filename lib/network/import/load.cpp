#include "network/import/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "config/config.h"
#include "ir/dead_code.h"
#include "network/import/float_network.h"
#include "network/import/model_folder.h"
#include "network/import/onnx.h"
#include "network/import/onnx_file.h"
#include "network/import/stored_input.h"
#include "network/import/tflite.h"
#include "network/import/tflite_file.h"
#include "network/import/tiny_training.h"

namespace frugal::network {
namespace {

namespace fs = std::filesystem;

constexpr const char* formats =
    "an int8 .tflite file, an .onnx file, network.json or a tiny-training JSON with weights beside it, or a "
    "folder that `tinytrain-compile import` wrote";

std::string weights_beside(const std::string& json) {
  const fs::path own = fs::path(json).replace_extension(".safetensors");
  const fs::path shared = fs::path(json).replace_filename("weights.safetensors");
  for (const fs::path& path : {own, shared}) {
    std::error_code ignored;
    if (fs::is_regular_file(path, ignored)) return path.string();
  }
  throw base::UserError(json, "has no weights beside it",
                        fmt::format("looked for {} and {}", own.string(), shared.string()));
}

Imported load_json(const std::string& path, const std::string& text, const std::string& weights) {
  const nlohmann::json json = config::parse(text, path);
  const checkpoint::SafetensorsFile numbers(weights.empty() ? weights_beside(path) : weights);
  if (is_tiny_training(json)) return import_tiny_training(json, numbers, fs::path(path).stem(), path);
  return import_float_network(json, numbers, path);
}

Imported load_file(const std::string& path, const std::string& weights) {
  const base::MappedFile file(path);
  const std::span<const unsigned char> bytes(file.data(), file.size());
  if (is_tflite(bytes)) return import_tflite(bytes, fs::path(path).stem(), path);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{')
    return load_json(path, std::string(text), weights);
  if (is_onnx(bytes)) {
    const fs::path folder = fs::path(path).parent_path();
    return import_onnx(bytes, fs::path(path).stem(), path, folder.empty() ? "." : folder.string());
  }
  throw base::UserError(path, "is no network that is read here", formats);
}

// Counts channels by layer, for one note: "52 biases … in 12 layers (most in conv3: 14 of 384)".
class ChannelNote {
 public:
  void add(const std::string& tensor, std::int64_t found, std::size_t all) {
    if (found == 0) return;
    sum_ += found;
    ++layers_;
    if (found <= most_) return;
    most_ = found;
    where_ = fmt::format("{}: {} of {}", tensor, found, all);
  }
  void write(const char* what, std::vector<std::string>& notes) const {
    if (sum_ > 0)
      notes.push_back(fmt::format("{} {}, in {} layers (most in {})", sum_, what, layers_, where_));
  }

 private:
  std::int64_t sum_ = 0, layers_ = 0, most_ = 0;
  std::string where_;
};

// Channels that were dead before they were quantised. They compute, but QAS divides by the scale squared.
void note_dead_channels(const ir::Model& model, std::vector<std::string>& notes) {
  using Limits = std::numeric_limits<std::int32_t>;
  ChannelNote biases, scales;
  for (std::size_t i = 0; i < model.graph.tensors.size(); ++i) {
    const ir::Tensor& tensor = model.graph.tensors[i];
    if (tensor.role != ir::Role::parameter) continue;
    if (tensor.type == ir::DataType::int32) {
      const auto values = model.values<std::int32_t>(static_cast<ir::TensorId>(i));
      const auto at_limit = [](std::int32_t v) { return v == Limits::min() || v == Limits::max(); };
      biases.add(tensor.name, std::count_if(values.begin(), values.end(), at_limit), values.size());
    } else if (tensor.type == ir::DataType::int8 && tensor.quantization) {
      const std::vector<double>& scale = tensor.quantization->scale;
      const double least = 1e-5 * *std::max_element(scale.begin(), scale.end());
      const auto is_small = [&](double one) { return one < least; };
      scales.add(tensor.name, std::count_if(scale.begin(), scale.end(), is_small), scale.size());
    }
  }
  biases.write("biases are at the limits of int32, where sums saturate", notes);
  scales.write("weight scales are below 1e-5 of their layer's largest (dead channels)", notes);
}

}  // namespace

Imported load_model(const std::string& path, const std::string& weights) {
  Imported imported;
  std::error_code ignored;
  if (is_model_folder(path)) {
    imported = {read_model(path), "model folder", {}};
  } else if (fs::is_directory(path, ignored)) {
    const std::string inside = path + "/network.json";
    if (!fs::exists(inside, ignored))
      throw base::UserError(path, "holds neither model.ir nor network.json", formats);
    imported = load_file(inside, weights);
  } else {
    imported = load_file(path, weights);
  }
  ir::DeadCode dead;
  imported.model = ir::without_dead_code(std::move(imported.model), &dead);
  if (!dead.nodes.empty() || dead.bytes > 0) {
    const std::string from = dead.nodes.empty() ? "" : fmt::format(" (from '{}' on)", dead.nodes.front());
    imported.notes.push_back(
        fmt::format("{} nodes{} and {} bytes of weights lead to no output and are left out",
                    dead.nodes.size(), from, dead.bytes));
  }
  imported.model = with_stored_input(std::move(imported.model));
  note_dead_channels(imported.model, imported.notes);
  return imported;
}

}  // namespace frugal::network
