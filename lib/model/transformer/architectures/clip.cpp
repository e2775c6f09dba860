// CLIP (Radford et al. 2021): a causal text tower and an image tower, each a pre-norm transformer whose state
// at one token (the one that ends the text, the class token) a linear takes to a space that both share. A
// tower may stand alone, with that linear or bare; of both in one file the one that TransformerConfig::tower
// names is read, and the other one's tensors are carried.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/transformer/architectures.h"

namespace frugal::model::arch {
namespace {

using Config = TransformerConfig;
constexpr JsonField text_fields[] = {
    {"hidden_size", &Config::hidden_size, 512},          {"num_hidden_layers", &Config::layers, 12},
    {"num_attention_heads", &Config::heads, 8},          {"intermediate_size", &Config::ffn_size, 2048},
    {"max_position_embeddings", &Config::positions, 77}, {"vocab_size", &Config::vocab_size, 49408}};
constexpr JsonField image_fields[] = {
    {"hidden_size", &Config::hidden_size, 768},  {"num_hidden_layers", &Config::layers, 12},
    {"num_attention_heads", &Config::heads, 12}, {"intermediate_size", &Config::ffn_size, 3072},
    {"image_size", &Config::image_size, 224},    {"patch_size", &Config::patch_size, 32},
    {"num_channels", &Config::channels, 3}};

constexpr const char* text_projection = "text_projection";
constexpr const char* image_projection = "visual_projection";

void read_both(const config::JsonNode& node, Config& config) {
  config.kv_heads = config.heads;
  config.heads_make_hidden = true;
  read_head_dim(node, config);
  config.norm_eps = node.number_or("layer_norm_eps", 1e-5);
  config.activation = node.text_or("hidden_act", "quick_gelu");
  config.tied_head = config.patch_bias = false;
}

void read_text(const config::JsonNode& node, const HasTensor&, Config& config) {
  read_fields(node, text_fields, config);
  read_both(node, config);
  config.text_end = node.integer_or("eos_token_id", 49407);
}

void read_image(const config::JsonNode& node, const HasTensor&, Config& config) {
  read_fields(node, image_fields, config);
  read_both(node, config);
  config.vocab_size = config.positions = 0;
  config.causal = false;
  config.embedding_norm = true;
}

template <auto read_tower>
void read_alone(const config::JsonNode& node, const HasTensor& has, Config& config) {
  read_tower(node, has, config);
  const std::string projection = config.image() ? image_projection : text_projection;
  const bool head = has ? has(projection + ".weight") : class_ends(node, "WithProjection", false);
  config.head = head ? HeadKind::projection : HeadKind::none;
  config.labels = node.integer_or("projection_dim", 512, config::between(1, 1e9));
}

void write_tower(const Config& config, nlohmann::ordered_json& json) {
  if (config.image()) {
    write_fields(config, image_fields, json);
  } else {
    write_fields(config, text_fields, json);
    json["eos_token_id"] = config.text_end;
  }
  json["layer_norm_eps"] = config.norm_eps;
  json["hidden_act"] = config.activation;
}

void write_alone(const Config& config, nlohmann::ordered_json& json) {
  const bool head = config.head == HeadKind::projection;
  if (!json.contains("architectures")) {
    json["architectures"] = {std::string("CLIP") + (config.image() ? "Vision" : "Text") + "Model" +
                             (head ? "WithProjection" : "")};
  }
  write_tower(config, json);
  json["projection_dim"] = config.labels;
}

void add_tower(TensorTable& t, const Config& config) {
  const std::string base = config.image() ? "vision_model." : "text_model.",
                    embeddings = base + "embeddings.";
  if (config.image()) {
    t.vector(embeddings + "class_embedding", Role::class_token, Dim::hidden, false);
    t.patches(embeddings + "patch_embedding");
    t.norm(base + "pre_layrnorm", Role::embedding_norm, -1);
  } else {
    t.table(embeddings + "token_embedding.weight", Role::token_embedding, Dim::vocab);
  }
  t.table(embeddings + "position_embedding.weight", Role::position_embedding, Dim::position);
  for (int i = 0; i < config.layers; ++i) {
    const std::string layer = fmt::format("{}encoder.layers.{}.", base, i);
    t.linear(layer + "self_attn.k_proj", Role::k, i, Dim::kv, Dim::hidden, true);
    t.linear(layer + "self_attn.v_proj", Role::v, i, Dim::kv, Dim::hidden, true);
    t.linear(layer + "self_attn.q_proj", Role::q, i, Dim::heads, Dim::hidden, true);
    t.linear(layer + "self_attn.out_proj", Role::o, i, Dim::hidden, Dim::heads, true);
    t.norm(layer + "layer_norm1", Role::attention_norm, i);
    t.linear(layer + "mlp.fc1", Role::ffn_in, i, Dim::ffn, Dim::hidden, true);
    t.linear(layer + "mlp.fc2", Role::ffn_out, i, Dim::hidden, Dim::ffn, true);
    t.norm(layer + "layer_norm2", Role::ffn_norm, i);
  }
  t.norm(base + (config.image() ? "post_layernorm" : "final_layer_norm"), Role::final_norm, -1);
  if (config.head == HeadKind::projection)
    t.fixed_out(config.image() ? image_projection : text_projection, Role::head, config.labels, false);
}

std::vector<FileTensor> tensors_alone(const Config& config) {
  TensorTable t(config);
  add_tower(t, config);
  return t.take();
}

// --- both in one file
// ----------------------------------------------------------------------------------------

constexpr const char* key_of(bool image) { return image ? "vision_config" : "text_config"; }

// What the first files say beside a tower's config goes over it: text_config_dict, vision_config_dict.
nlohmann::ordered_json tower_json(const nlohmann::ordered_json& both, bool image) {
  const std::string key = key_of(image), over = key + "_dict";
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (both.contains(key) && both[key].is_object()) json = both[key];
  if (both.contains(over) && both[over].is_object()) json.update(both[over]);
  return json;
}

Config tower_of(const nlohmann::json& both, const std::string& origin, bool image) {
  const nlohmann::json json = tower_json(both, image);
  const config::JsonNode whole(both, origin), node(json, origin, key_of(image));
  Config config;
  (image ? read_image : read_text)(node, nullptr, config);
  config.model_type = "clip";
  config.head = HeadKind::projection;
  config.labels = whole.integer_or("projection_dim", 512, config::between(1, 1e9));
  return config;
}

void read_clip(const config::JsonNode& node, const HasTensor&, Config& config) {
  const std::string tower = config.tower, origin = config.origin;
  config = tower_of(node.json(), origin, tower == "image");
  config.tower = tower;
  config.origin = origin;
}

void write_clip(const Config& config, nlohmann::ordered_json& json) {
  if (!json.contains("architectures")) json["architectures"] = {"CLIPModel"};
  json["projection_dim"] = config.labels;
  nlohmann::ordered_json tower = tower_json(json, config.image());
  write_tower(config, tower);
  const std::string key = key_of(config.image());
  json[key] = std::move(tower);
  json.erase(key + "_dict");
}

// A tensor of the tower that does not grow, whatever it does there.
FileTensor carried(FileTensor tensor) {
  std::int64_t columns = 1;
  for (std::size_t i = 1; i < tensor.shape.size(); ++i) columns *= tensor.shape[i];
  const bool matrix = tensor.shape.size() > 1;
  const std::int64_t rows = tensor.shape.empty() ? 1 : tensor.shape[0];
  WeightSpec spec;
  spec.name = "carried." + tensor.name;
  spec.role = Role::carried;
  spec.rows = Dim::fixed;
  spec.columns = matrix ? Dim::fixed : Dim::none;
  spec.shape = matrix ? std::vector<std::int64_t>{rows, columns} : std::vector<std::int64_t>{rows};
  tensor.parts = {spec};
  return tensor;
}

std::vector<FileTensor> tensors_of_both(const Config& config) {
  std::vector<FileTensor> all = {carried({"logit_scale", {}, {}})};
  const auto json = config.json.empty() ? nlohmann::json::object() : nlohmann::json::parse(config.json);
  const Config other = tower_of(json, config.origin, !config.image());
  for (const FileTensor& one : tensors_alone(other)) all.push_back(carried(one));
  for (FileTensor& one : tensors_alone(config)) all.push_back(std::move(one));
  return all;
}

}  // namespace

const Architecture clip = {"clip",     "CLIP's two towers, of which one grows at a time",
                           "",         read_clip,
                           write_clip, tensors_of_both,
                           nullptr,    true};
const Architecture clip_text = {"clip_text_model",     "CLIP's text tower", "text_model.",
                                read_alone<read_text>, write_alone,         tensors_alone};
const Architecture clip_image = {"clip_vision_model",    "CLIP's image tower", "vision_model.",
                                 read_alone<read_image>, write_alone,          tensors_alone};

}  // namespace frugal::model::arch
