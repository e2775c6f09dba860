#include "emulate/compiled.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "compile/config.h"
#include "compile/folder.h"
#include "compile/stages.h"
#include "config/config.h"
#include "ir/model.h"
#include "network/import/model_folder.h"
#include "sparse/scheme.h"

namespace frugal::emulate {
namespace {

quant::TrainerConfig method_of(const compile::CompileConfig& config) {
  quant::TrainerConfig method;
  method.method = config.method.kind == "sgd" ? quant::Method::sgd : quant::Method::qas;
  method.storage = config.method.storage == "integer"   ? quant::Storage::integer
                   : config.method.storage == "nearest" ? quant::Storage::nearest
                                                        : quant::Storage::stochastic;
  method.seed = static_cast<std::uint64_t>(config.seed);
  return method;
}

// What is read later, when a program has run: refused before.
void check_plan(const config::JsonNode& node) {
  node["network"].text();
  node["trained"].elements();
  const config::JsonNode sram = node["memory"]["sram"];
  for (const char* key : {"arena_bytes", "state_bytes", "stack_bytes"}) sram[key].integer();
  node["memory"]["flash"]["bytes"].integer();
  for (const config::JsonNode& call : node["calls"].elements()) {
    call["mark"].integer();
    for (const char* key : {"node", "operator", "pass"}) call[key].text();
  }
}

}  // namespace

std::int64_t Compiled::planned(const char* kind, const char* key) const {
  return json().at("memory").at(kind).at(key).get<std::int64_t>();
}

std::uint32_t Compiled::class_count() const {
  if (autoencodes()) return 0;
  return static_cast<std::uint32_t>(start->graph.tensor(start->graph.outputs.front()).shape.back());
}

Compiled open_compiled(const std::string& folder) {
  Compiled compiled;
  compiled.folder = folder;
  compiled.result = std::make_shared<const nlohmann::ordered_json>(compile::read_compiled(folder));
  const std::string origin = folder + "/compile.json";
  // Of nlohmann::json, as a config and a scheme are read.
  config::Source whole;
  whole.json() = nlohmann::json(compiled.json());
  whole.origin = origin;
  const config::JsonNode node(whole);
  check_plan(node);
  config::Source given;
  given.json() = node["config"].json();
  given.origin = origin;
  compiled.config = config::read<compile::CompileConfig>(given);
  compiled.start = std::make_shared<const ir::Model>(network::read_model(folder + "/model"));
  compiled.scheme = sparse::read_scheme(node["scheme"], compiled.start->graph);
  compiled.trained = sparse::trained_layers(*compiled.start, compiled.scheme);
  compiled.method = method_of(compiled.config);
  compiled.replay = compile::replay_of(*compiled.start, compiled.scheme, compiled.config);
  compiled.target = device::target_named(node["target"].text(), origin + ":/target");
  compiled.network_id = static_cast<std::uint32_t>(node["network_id"].integer());
  return compiled;
}

}  // namespace frugal::emulate
