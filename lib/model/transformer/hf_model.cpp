#include "model/transformer/hf_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/folder_file.h"
#include "config/config.h"
#include "model/transformer/architectures.h"
#include "model/transformer/carry.h"
#include "tensor/finite.h"

namespace frugal::model {
namespace {

using base::UserError;
using checkpoint::DType;
using checkpoint::ShardedFile;
using torch::Tensor;

bool floating(DType type) {
  return type == DType::f32 || type == DType::f64 || type == DType::bf16 || type == DType::f16;
}

// Buffers of old files that are no weights, and heads whose loss is not trained here.
bool known_buffer(const std::string& name) {
  return name.ends_with("position_ids") || name.ends_with("token_type_ids") || name.ends_with(".attn.bias") ||
         name.ends_with(".attn.masked_bias") || name.ends_with(".attention.bias") ||
         name.ends_with(".attention.masked_bias") || name.ends_with("decoder.bias") ||
         name.ends_with("rotary_emb.inv_freq") || name == "encoder.embed_tokens.weight" ||
         name == "decoder.embed_tokens.weight" ||  // T5's, which are shared.weight
         name == "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";
}

std::string old_norm_name(const std::string& name) {
  if (name.find("LayerNorm.") == std::string::npos) return name;
  if (name.ends_with(".weight")) return name.substr(0, name.size() - 6) + "gamma";
  if (name.ends_with(".bias")) return name.substr(0, name.size() - 4) + "beta";
  return name;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace

const ShardedFile::Place* HfModel::locate(const std::string& name) const {
  std::vector<std::string> tries = {name};
  const std::string prefix = architecture_named(config_.model_type, folder_).base_prefix;
  if (name.starts_with(prefix)) {
    tries.push_back(name.substr(prefix.size()));
  } else {
    tries.push_back(prefix + name);
  }
  for (const std::string& one : tries) {
    if (const auto* place = files_->find(one)) return place;
    if (const auto* place = files_->find(old_norm_name(one))) return place;
  }
  // Files older than the decoder's own bias have one alone.
  if (const auto at = name.find("decoder.bias"); at != std::string::npos) {
    return files_->find(name.substr(0, at) + "bias");
  }
  return nullptr;
}

HfModel::HfModel(const std::string& folder, const std::string& tower) : folder_(folder) {
  if (!std::filesystem::is_directory(folder)) {
    if (folder.ends_with(".gguf")) {
      throw UserError(folder, "is a GGUF file, which is not read",
                      "grow the safetensors model that it was made from, and convert the result");
    }
    throw UserError(folder, "is no folder of a model");
  }
  if (!base::in_folder(folder, "config.json")) ShardedFile{folder};  // says what it is instead, if it knows
  const std::string path = base::folder_file(folder, "config.json");
  const std::string text = base::read_text(path);
  const nlohmann::json json = config::parse(text, path);
  files_ = std::make_unique<ShardedFile>(folder);
  if (json.is_object() && json.contains("model_type") && json["model_type"].is_string()) {
    config_.model_type = json["model_type"].get<std::string>();
  }
  config_ = read_config(
      json, path, [this](const std::string& name) { return locate(name) != nullptr; }, tower);
  // In the file's own order of keys, to be written back so.
  config_.json = nlohmann::ordered_json::parse(text, nullptr, true, true).dump();

  std::set<const ShardedFile::Place*> used;
  std::vector<std::string> missing;
  std::uint64_t largest = 0;
  const auto table = file_tensors(config_);
  for (const FileTensor& tensor : table) {
    const ShardedFile::Place* place = locate(tensor.name);
    if (place == nullptr) {
      missing.push_back(tensor.name);
      continue;
    }
    used.insert(place);
    if (!floating(place->info->dtype)) {
      throw UserError(place->text(),
                      fmt::format("has the data type {}, which weights here do not have",
                                  checkpoint::name_of(place->info->dtype)),
                      "float32, bf16 and fp16 are read; packed integers are not");
    }
    if (place->info->shape != tensor.shape) {
      throw UserError(place->text(), fmt::format("has the shape {}, but config.json asks for {}",
                                                 shape_text(place->info->shape), shape_text(tensor.shape)));
    }
    if (place->info->end - place->info->begin >= largest) {
      largest = place->info->end - place->info->begin;
      dtype_ = place->info->dtype;
    }
    for (std::size_t i = 0; i < tensor.parts.size(); ++i) stored_[tensor.parts[i].name] = {place, tensor, i};
  }
  for (const auto& [name, place] : files_->tensors()) {
    if (!used.contains(&place) && !known_buffer(name)) dropped_.push_back(name);
  }
  if (!missing.empty()) {
    std::string near = dropped_.empty() ? "" : base::suggest(missing.front(), dropped_);
    if (near.starts_with("one of")) near.clear();
    if (missing.front().starts_with("lm_head.weight") && near.empty()) {
      near = "config.json says tie_word_embeddings false; is it true?";
    }
    const std::string more = missing.size() > 1 ? fmt::format(" and {} others", missing.size() - 1) : "";
    throw UserError(folder, fmt::format("lacks the tensor '{}'{}", missing.front(), more), near);
  }
  check_ties();
}

void HfModel::refuse_dropped(const std::vector<std::string>& allowed) const {
  std::vector<std::string> refused;
  for (const std::string& name : dropped_) {
    const bool may = std::ranges::any_of(allowed, [&](const std::string& one) {
      return name == one ||
             (!one.empty() && name.starts_with(one) && (one.ends_with('.') || name[one.size()] == '.'));
    });
    if (!may) refused.push_back(name);
  }
  if (refused.empty()) return;
  const std::string more = refused.size() > 1 ? fmt::format(" and {} others", refused.size() - 1) : "";
  throw UserError(files_->find(refused.front())->text() + more,
                  fmt::format("has no place in the architecture '{}': it would be lost", config_.model_type),
                  fmt::format("what may be left behind is named in drop, for example --set 'drop=[\"{}\"]'",
                              refused.front().substr(0, refused.front().rfind('.'))));
}

// Where config.json says that the head is the embedding, a head in the file must be the same numbers.
void HfModel::check_ties() const {
  if (!config_.tied_head) return;
  for (const char* name :
       {"lm_head.weight", "cls.predictions.decoder.weight", "lm_head.decoder.weight",
        "vocab_projector.weight", "embed_out.weight", "generator_lm_head.weight", "decoder.weight"}) {
    const ShardedFile::Place* head = files_->find(name);
    if (head == nullptr) continue;
    const auto& embedding = stored("token_embedding.weight").place;
    const auto a = head->bytes(), b = embedding->bytes();
    if (head->info->dtype != embedding->info->dtype || !std::ranges::equal(a, b)) {
      throw UserError(
          head->text(),
          fmt::format("differs from {}, but config.json says they are tied", embedding->info->name),
          "set tie_word_embeddings to false in config.json to keep both");
    }
  }
}

const StoredWeight& HfModel::stored(const std::string& canonical) const {
  const auto found = stored_.find(canonical);
  FRUGAL_ASSERT(found != stored_.end(), "no weight '" + canonical + "'");
  return found->second;
}

// One weight of a tensor in canonical layout, still over the file's pages where that can be.
Tensor HfModel::part_of(const StoredWeight& weight) const {
  const auto bytes = weight.place->bytes();
  const auto stored_type = tensor::torch_type(weight.place->info->dtype);
  // The map is read-only; the view is only ever copied from.
  Tensor whole = torch::from_blob(const_cast<unsigned char*>(bytes.data()), weight.tensor.shape, stored_type);
  if (weight.tensor.transposed) whole = whole.t();
  std::int64_t from = 0;
  for (std::size_t i = 0; i < weight.part; ++i) from += weight.tensor.parts[i].shape[0];
  const WeightSpec& spec = weight.tensor.parts[weight.part];
  if (weight.tensor.by_head > 0) {
    const auto parts = static_cast<std::int64_t>(weight.tensor.parts.size());
    return whole.reshape({-1, parts, weight.tensor.by_head, spec.vector() ? 1 : spec.shape[1]})
        .select(1, static_cast<std::int64_t>(weight.part))
        .reshape(spec.shape);
  }
  if (weight.tensor.by_input)
    return whole.narrow(1, static_cast<std::int64_t>(weight.part) * spec.shape[1], spec.shape[1]);
  return weight.tensor.parts.size() > 1 ? whole.narrow(0, from, spec.shape[0]) : whole.reshape(spec.shape);
}

Tensor HfModel::view(const std::string& canonical, c10::ScalarType type) const {
  const StoredWeight& weight = stored(canonical);
  const Tensor part = part_of(weight).to(type).contiguous();
  return weight.tensor.offset != 0 ? part + weight.tensor.offset : part;
}

Tensor HfModel::read(const std::string& canonical, std::optional<c10::ScalarType> type) const {
  const StoredWeight& weight = stored(canonical);
  Tensor part = part_of(weight);
  part = part.to(torch::TensorOptions().dtype(type.value_or(part.scalar_type())), false, true,
                 torch::MemoryFormat::Contiguous);
  const std::span<const unsigned char> values(static_cast<const unsigned char*>(part.const_data_ptr()),
                                              part.nbytes());
  if (!tensor::all_finite(values, tensor::file_type(part.scalar_type()))) {
    throw UserError(weight.place->text(), "holds NaN or infinity", "the model's training had diverged");
  }
  if (weight.tensor.offset != 0) part = part + weight.tensor.offset;
  return part;
}

Weights HfModel::read_all(c10::ScalarType type) const {
  Weights weights;
  for (const WeightSpec& spec : weight_specs(config_)) weights.set(spec.name, read(spec.name, type));
  return weights;
}

Tensor assemble(const FileTensor& tensor, const std::vector<Tensor>& parts) {
  Tensor whole;
  if (tensor.by_head > 0) {
    std::vector<Tensor> heads;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::int64_t columns = tensor.parts[i].vector() ? 1 : tensor.parts[i].shape[1];
      heads.push_back(parts[i].reshape({-1, 1, tensor.by_head, columns}));
    }
    whole = torch::cat(heads, 1);
  } else {
    whole = parts.size() == 1 ? parts[0] : torch::cat(parts, tensor.by_input ? 1 : 0);
  }
  if (tensor.transposed) whole = whole.t();
  if (tensor.offset != 0) whole = whole - tensor.offset;
  return whole.contiguous().view(tensor.shape);
}

void write_config_file(const std::string& folder, const TransformerConfig& config, DType type) {
  auto json = write_config(config);
  const char* name = type == DType::bf16  ? "bfloat16"
                     : type == DType::f16 ? "float16"
                     : type == DType::f64 ? "float64"
                                          : "float32";
  json.erase("torch_dtype");
  json["dtype"] = name;
  base::write_text(folder + "/config.json", json.dump(2) + "\n");
}

void write_hf(const std::string& folder, const TransformerConfig& config, const Weights& weights, DType type,
              const std::string& carry_from, std::uint64_t shard_bytes) {
  base::make_folder(folder);
  const auto table = file_tensors(config);
  std::vector<checkpoint::SafetensorsWriter::Entry> entries;
  for (const FileTensor& tensor : table) entries.push_back({tensor.name, type, tensor.shape});
  checkpoint::ShardedWriter writer(folder, entries, shard_bytes);
  const torch::NoGradGuard no_grad;
  for (const FileTensor& tensor : table) {
    std::vector<Tensor> parts;
    for (const WeightSpec& part : tensor.parts) parts.push_back(weights.at(part.name).detach());
    const Tensor whole = assemble(tensor, parts).to(torch::kCPU, tensor::torch_type(type)).contiguous();
    writer.append(whole.data_ptr(), whole.nbytes());
  }
  writer.finish();
  if (!carry_from.empty()) carry_files(carry_from, folder, config.hidden_size);
  write_config_file(folder, config, type);
}

}  // namespace frugal::model
