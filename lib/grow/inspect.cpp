#include "grow/inspect.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/given_path.h"
#include "model/transformer/hf_model.h"

namespace frugal::grow {

using model::TransformerConfig;

nlohmann::ordered_json describe(const TransformerConfig& config) {
  nlohmann::ordered_json json;
  json["model_type"] = config.model_type;
  if (!config.tower.empty()) json["tower"] = config.tower;
  json["hidden_size"] = config.hidden_size;
  json["layers"] = config.layers;
  if (config.decoder_layers > 0) json["decoder_layers"] = config.decoder_layers;
  json["heads"] = config.heads;
  if (config.kv_heads != config.heads) json["kv_heads"] = config.kv_heads;
  json["head_dim"] = config.head_dim;
  json["ffn_size"] = config.ffn_size;
  if (!config.image()) json["vocab_size"] = config.vocab_size;
  if (config.experts > 0) {
    json["experts"] = config.experts;
    json["experts_per_token"] = config.experts_per_token;
  }
  if (config.embedding_size > 0) json["embedding_size"] = config.embedding_size;
  json["norm"] = std::string(config.pre_norm ? "before" : "after") +
                 (config.norm == model::NormKind::rms_norm ? " (RMSNorm)" : " (LayerNorm)");
  json["tied_head"] = config.tied_head;
  json["parameters"] = parameter_count(config);
  const std::int64_t tokens = config.image() ? config.patches() + config.class_tokens() : config.positions;
  json["forward_flops_per_token"] = forward_flops(config, tokens) / static_cast<double>(tokens);
  json["tokens"] = tokens;
  return json;
}

void inspect_command(const std::string& folder, const std::string& tower, bool weights,
                     nlohmann::ordered_json& result) {
  const model::HfModel found(folder, tower);
  result["model"] = describe(found.config());
  result["dtype"] = checkpoint::name_of(found.dtype());
  result["files"] = found.files().shard_count();
  nlohmann::ordered_json warnings = nlohmann::ordered_json::array();
  for (const std::string& name : found.dropped()) {
    warnings.push_back(
        fmt::format("'{}' is no weight of this architecture's table and is left behind", name));
  }
  if (found.config().head_bias && found.config().model_type == "gpt2") {
    warnings.push_back("the head's own bias is an extension that transformers passes over");
  }
  if (weights) {
    for (const auto& spec : weight_specs(found.config())) {
      found.read(spec.name, std::nullopt);
      found.stored(spec.name).place->release();
    }
  }
  result["warnings"] = warnings;
}

void write_logits(const std::string& folder, const std::string& tower, const std::string& input,
                  const std::string& output) {
  const model::HfModel found(folder, tower);
  const checkpoint::SafetensorsFile file(input);
  const TransformerConfig& config = found.config();
  const auto read = [&](const char* name, c10::ScalarType type) {
    return file.find(name) == nullptr ? torch::Tensor() : tensor::read_tensor(file, name).to(type);
  };
  model::TransformerInput inputs{read("input_ids", torch::kInt64), read("token_type_ids", torch::kInt64),
                                 read("attention_mask", torch::kBool), read("pixel_values", torch::kFloat32),
                                 read("decoder_input_ids", torch::kInt64)};
  if (config.image()) {
    const auto& pixels = inputs.pixels;
    if (!pixels.defined() || pixels.dim() != 4 || pixels.size(1) != config.channels ||
        pixels.size(2) != config.image_size || pixels.size(3) != config.image_size) {
      throw base::UserError(input, "needs pixel_values of the model's size",
                            fmt::format("[B, {0}, {1}, {1}]", config.channels, config.image_size));
    }
  } else {
    const auto& ids = inputs.ids;
    const auto& answer = inputs.decoder_ids;
    if (answer.defined() &&
        (answer.dim() != 2 || answer.size(0) != (ids.defined() ? ids.size(0) : -1) || answer.numel() == 0 ||
         answer.min().item<std::int64_t>() < 0 || answer.max().item<std::int64_t>() >= config.vocab_size)) {
      throw base::UserError(input + ":decoder_input_ids",
                            fmt::format("must be [B, T] below {}, B as input_ids has it", config.vocab_size));
    }
    if (!ids.defined() || ids.dim() != 2 || ids.numel() == 0 ||
        ids.size(1) > config.positions - config.position_offset) {
      throw base::UserError(input, "needs input_ids [B, T]",
                            fmt::format("T at most {}", config.positions - config.position_offset));
    }
    if (ids.min().item<std::int64_t>() < 0 || ids.max().item<std::int64_t>() >= config.vocab_size) {
      throw base::UserError(input + ":input_ids", fmt::format("must be below {}", config.vocab_size));
    }
  }
  const torch::NoGradGuard no_grad;
  tensor::write_tensors(base::given_path(output), {{"logits", logits(config, found.read_all(), inputs)}});
}

}  // namespace frugal::grow
