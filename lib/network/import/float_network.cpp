#include "network/import/float_network.h"

#include <set>

#include "checkpoint/strict.h"
#include "ir/builder.h"
#include "network/import/weights_file.h"
#include "network/lower.h"
#include "network/tree.h"

namespace frugal::network {
namespace {

Imported with_numbers(ir::Graph graph, const checkpoint::SafetensorsFile& weights,
                      const std::string& origin) {
  Imported imported;
  imported.format = "network.json";
  ir::Model& model = imported.model;
  model.graph = std::move(graph);
  model.data.resize(model.graph.tensors.size());
  std::set<std::string> wanted;
  const auto has_numbers = [](const ir::Tensor& tensor) {
    return tensor.role != ir::Role::input && tensor.role != ir::Role::value;
  };
  for (const ir::Tensor& tensor : model.graph.tensors) {
    if (has_numbers(tensor)) wanted.insert(tensor.name);
  }
  checkpoint::refuse_others(weights, wanted);
  for (std::size_t i = 0; i < model.graph.tensors.size(); ++i) {
    const ir::Tensor& tensor = model.graph.tensors[i];
    if (!has_numbers(tensor)) continue;
    model.set<float>(static_cast<ir::TensorId>(i), stored_floats(weights, tensor.name, tensor.shape));
  }
  ir::verify(model, origin);
  return imported;
}

}  // namespace

Imported import_float_network(const NetworkConfig& network, const checkpoint::SafetensorsFile& weights,
                              const std::string& origin) {
  Imported imported = with_numbers(*lower(network, 0, origin).graph, weights, origin);
  if (network.preprocessing) imported.metadata = metadata_of(*network.preprocessing, network.resolution);
  return imported;
}

Imported import_float_network(const nlohmann::json& json, const checkpoint::SafetensorsFile& weights,
                              const std::string& origin) {
  if (is_tree_network(json))
    return with_numbers(*lower(read_tree_network(json, origin), 0, origin), weights, origin);
  return import_float_network(read_network(json, origin), weights, origin);
}

}  // namespace frugal::network
