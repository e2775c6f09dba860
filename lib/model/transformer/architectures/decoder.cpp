#include "model/transformer/architectures/decoder.h"

#include <nlohmann/json.hpp>

namespace frugal::model::arch {

void read_layer_types(const config::JsonNode& node, Config& config,
                      const std::function<bool(std::int64_t layer)>& slides) {
  config.layer_kinds.assign(static_cast<std::size_t>(config.layers), {});
  const auto given = node.find("layer_types");
  if (given && given->size() != config.layer_kinds.size()) {
    given->fail("has " + std::to_string(given->size()) + " entries, but there are " +
                std::to_string(config.layers) + " layers");
  }
  for (std::size_t i = 0; i < config.layer_kinds.size(); ++i) {
    const bool slide =
        given ? (*given)[i].one_of({"full_attention", "sliding_attention"}) == "sliding_attention"
              : slides(static_cast<std::int64_t>(i));
    config.layer_kinds[i].slides = slide;
  }
}

void write_layer_types(const Config& config, nlohmann::ordered_json& json) {
  auto& list = json["layer_types"] = nlohmann::ordered_json::array();
  for (const LayerKind& one : config.layer_kinds)
    list.push_back(one.slides ? "sliding_attention" : "full_attention");
}

void read_partial_rotary(const config::JsonNode& node, const char* key, double otherwise, Config& config) {
  const auto share = config::between(0, 1);
  double part = node.number_or(key, otherwise, share);
  if (const auto rope = node.find("rope_parameters"); rope && rope->json().is_object()) {
    part = rope->number_or("partial_rotary_factor", part, share);
  }
  config.rotary_dim = static_cast<std::int64_t>(static_cast<double>(config.head_dim) * part);
  if (config.rotary_dim < 2 || config.rotary_dim % 2 != 0) {
    node.fail_at(key, std::to_string(config.rotary_dim) + " of a head's " + std::to_string(config.head_dim) +
                          " units are to turn; they must be pairs");
  }
}

}  // namespace frugal::model::arch
