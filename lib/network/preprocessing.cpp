#include "network/preprocessing.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "config/visitor.h"

namespace frugal::network {
namespace {

std::vector<double> per_channel(const config::JsonNode& node, std::int64_t channels,
                                const config::Range& range) {
  std::vector<double> values = node.numbers(range);
  if (static_cast<std::int64_t>(values.size()) != channels) {
    node.fail(fmt::format("has {} numbers, but the network takes {} channels", values.size(), channels));
  }
  return values;
}

}  // namespace

Preprocessing read_preprocessing(const config::JsonNode& node, std::int64_t channels, std::int64_t classes) {
  Preprocessing preprocessing;
  preprocessing.mean = per_channel(node["mean"], channels, config::any_number());
  preprocessing.std = per_channel(node["std"], channels, config::greater_than(0));
  if (const auto resize = node.find("resize")) preprocessing.resize = resize->one_of({"centre_square"});
  if (const auto names = node.find("classes")) {
    preprocessing.classes = names->texts();
    if (static_cast<std::int64_t>(preprocessing.classes.size()) != classes) {
      names->fail(fmt::format("has {} names, but the network tells {} classes apart",
                              preprocessing.classes.size(), classes));
    }
  }
  node.finish();
  return preprocessing;
}

nlohmann::ordered_json to_json(const Preprocessing& preprocessing) {
  nlohmann::ordered_json json{
      {"mean", preprocessing.mean}, {"std", preprocessing.std}, {"resize", preprocessing.resize}};
  if (!preprocessing.classes.empty()) json["classes"] = preprocessing.classes;
  return json;
}

std::map<std::string, std::string> metadata_of(const Preprocessing& preprocessing, std::int64_t resolution) {
  std::map<std::string, std::string> metadata{{"resolution", std::to_string(resolution)}};
  const nlohmann::ordered_json json = to_json(preprocessing);
  for (const auto& [key, value] : json.items()) {
    metadata[key] = value.is_string()
                        ? value.get<std::string>()
                        : value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }
  return metadata;
}

}  // namespace frugal::network
