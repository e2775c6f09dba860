#include "sparse/contributions.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "config/config.h"
#include "ir/graph.h"
#include "report/result.h"

namespace frugal::sparse {
namespace {

using PlainJson = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr const char* schema = "frugal.tinytrain_compile.contributions/1";
ContributionSetup read_setup(const config::JsonNode& node) {
  ContributionSetup setup;
  node["schema"].one_of({schema});
  setup.network = node["network"].text();
  setup.layers = node["layers"].integer(config::between(1, 1000000));
  setup.method = node["method"].one_of({"measured", "fisher"});
  setup.bias_base = node["bias_base"].integer(config::between(0, static_cast<double>(setup.layers)));
  const config::JsonNode fractions = node["fractions"];
  setup.fractions = fractions.numbers({0, 1, true, false});
  if (setup.fractions.empty() ||
      !std::is_sorted(setup.fractions.begin(), setup.fractions.end(), std::less_equal<>()))
    fractions.fail("must rise");
  if (const auto config = node.find("config")) setup.config = config->must_be_object().json().dump();
  node.refuse_unknown();
  return setup;
}

Part read_part(const config::JsonNode& node, const std::string& kind, const ContributionSetup& setup) {
  const auto layers = static_cast<double>(setup.layers);
  if (kind == "head") return {};
  if (kind == "bias") return {Part::Kind::bias, node["layers"].integer(config::between(1, layers)), 0};
  const std::int64_t layer = node["layer"].integer(config::between(0, layers - 1));
  const config::JsonNode fraction = node["fraction"];
  const double value = fraction.number(config::fraction());
  if (std::find(setup.fractions.begin(), setup.fractions.end(), value) == setup.fractions.end())
    fraction.fail("is none of the setup's fractions: " + fraction.json().dump(),
                  "they are " + PlainJson(setup.fractions).dump());
  return {Part::Kind::weights, layer, value};
}

Contribution read_entry(const config::JsonNode& node, const std::string& kind,
                        const ContributionSetup& setup) {
  Contribution entry;
  entry.part = read_part(node, kind, setup);
  if (node.has("failed")) {
    entry.failed = node["failed"].text();
    if (node.has("gain")) node.fail_at("gain", "has a value although the training failed");
  } else {
    entry.gain = node["gain"].number();
  }
  if (node.has("accuracy")) entry.accuracy = node["accuracy"].number(config::fraction());
  for (const char* note : {"gain", "accuracies", "gains", "seconds"}) node.ignore(note);
  node.refuse_unknown();
  return entry;
}

PlainJson parsed(const std::string& line, const std::string& place) {
  try {
    return config::parse(line, place);
  } catch (const base::UserError&) {
    throw base::UserError(place, "is no JSON: '" + line.substr(0, 40) + "'",
                          "each line is one object; a file that a killed run left is mended by `contribute "
                          "--resume`");
  }
}

}  // namespace

std::string describe(const Part& part) {
  if (part.kind == Part::Kind::head) return "the head alone";
  if (part.kind == Part::Kind::bias) return "biases of the last " + std::to_string(part.number) + " layers";
  return "weights of layer " + std::to_string(part.number) + ", fraction " + PlainJson(part.fraction).dump();
}

const Contribution* Contributions::find(const Part& part) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const Contribution& entry) { return entry.part == part; });
  return found == entries.end() ? nullptr : &*found;
}

std::vector<Part> parts_of(const ExtraMemory& memory, const ContributionSetup& setup) {
  std::vector<Part> parts{Part{}};
  for (std::int64_t k = 1; k <= memory.layer_count(); ++k) parts.push_back({Part::Kind::bias, k, 0});
  for (std::int64_t layer = 0; layer < memory.layer_count(); ++layer) {
    for (const double fraction : memory.distinct_fractions(layer, setup.fractions))
      parts.push_back({Part::Kind::weights, layer, fraction});
  }
  return parts;
}

UpdateScheme scheme_of(const Part& part, const ContributionSetup& setup) {
  if (part.kind == Part::Kind::head) return {};
  if (part.kind == Part::Kind::bias) return {part.number, {}};
  return {setup.bias_base, {{part.number, part.fraction}}};
}

std::string to_line(const ContributionSetup& setup) {
  return report::to_line({{"kind", "setup"},
                          {"schema", schema},
                          {"network", setup.network},
                          {"layers", setup.layers},
                          {"method", setup.method},
                          {"bias_base", setup.bias_base},
                          {"fractions", setup.fractions},
                          {"config", config::parse(setup.config, "config")}});
}

std::string to_line(const Contribution& contribution) {
  const Part& part = contribution.part;
  OrderedJson json;
  if (part.kind == Part::Kind::head) {
    json["kind"] = "head";
  } else if (part.kind == Part::Kind::bias) {
    json["kind"] = "bias";
    json["layers"] = part.number;
  } else {
    json["kind"] = "weights";
    json["layer"] = part.number;
    json["fraction"] = part.fraction;
  }
  if (std::isfinite(contribution.accuracy)) json["accuracy"] = contribution.accuracy;
  if (std::isfinite(contribution.gain) && contribution.failed.empty()) {
    json["gain"] = contribution.gain;
  } else {
    json["gain"] = nullptr;
    json["failed"] = contribution.failed.empty() ? "no finite number" : contribution.failed;
  }
  return report::to_line(json);
}

Contributions parse_contributions(const std::string& text, const std::string& origin) {
  Contributions contributions;
  std::istringstream stream(text);
  std::string line;
  bool started = false;
  for (std::int64_t number = 1; std::getline(stream, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string place = origin + ":" + std::to_string(number);
    const PlainJson json = parsed(line, place);
    const config::JsonNode node(json, place);
    const std::string kind = node["kind"].one_of({"setup", "head", "bias", "weights"});
    if ((kind == "setup") == started)
      node.fail_at("kind", started ? "is a second setup" : "is no setup, which the first line must be");
    if (!started) {
      contributions.setup = read_setup(node);
      started = true;
      continue;
    }
    Contribution entry = read_entry(node, kind, contributions.setup);
    if (contributions.find(entry.part) != nullptr) node.fail("stands twice: " + describe(entry.part));
    contributions.entries.push_back(std::move(entry));
  }
  if (!started)
    throw base::UserError(origin, "has no contributions", "`tinytrain-compile contribute` writes them");
  return contributions;
}

Contributions read_contributions(const std::string& path) {
  return parse_contributions(base::read_text(path), path);
}

void check_network(const Contributions& contributions, const ir::Graph& graph, const std::string& origin) {
  const auto layers = static_cast<std::int64_t>(scheme_layers(graph).size());
  if (contributions.setup.layers == layers && contributions.setup.network == graph.name) return;
  throw base::UserError(origin, "is of the network '" + contributions.setup.network + "' with " +
                                    std::to_string(contributions.setup.layers) + " layers, not of '" +
                                    graph.name + "' with " + std::to_string(layers));
}

std::vector<Part> missing_parts(const Contributions& contributions, const ExtraMemory& memory) {
  std::vector<Part> missing = parts_of(memory, contributions.setup);
  std::erase_if(missing, [&](const Part& part) { return contributions.find(part) != nullptr; });
  return missing;
}

SelectionProblem make_problem(const Contributions& contributions, const ExtraMemory& memory,
                              std::int64_t limit_bits) {
  const auto count = static_cast<std::size_t>(memory.layer_count());
  SelectionProblem problem;
  problem.limit_bits = limit_bits;
  for (std::size_t first = 0; first <= count; ++first)
    problem.crossed_bits.push_back(memory.crossed_bits(static_cast<std::int64_t>(first)));
  problem.bias_gain.assign(count + 1, impossible);
  problem.bias_gain[0] = 0;
  problem.weights.resize(count);
  for (const Contribution& entry : contributions.entries) {
    if (!std::isfinite(entry.gain)) continue;
    const auto number = static_cast<std::size_t>(entry.part.number);
    if (entry.part.kind == Part::Kind::bias) {
      problem.bias_gain[number] = entry.gain;
    } else if (entry.part.kind == Part::Kind::weights) {
      problem.weights[number].push_back(
          {entry.part.fraction, memory.weight_bits(entry.part.number, entry.part.fraction), entry.gain});
    }
  }
  return problem;
}

}  // namespace frugal::sparse
