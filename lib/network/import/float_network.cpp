#include "network/import/float_network.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "ir/builder.h"
#include "network/import/weights_file.h"
#include "network/lower.h"
#include "network/tree.h"

namespace frugal::network {
namespace {

void refuse_others(const checkpoint::SafetensorsFile& weights, const std::set<std::string>& read) {
  for (const checkpoint::TensorInfo& info : weights.tensors()) {
    // How many batches a batch norm has seen is no number that is computed with.
    if (read.contains(info.name) || info.name.ends_with("num_batches_tracked")) continue;
    throw base::UserError(weights.path() + ": " + info.name, "is no tensor of this network",
                          "are these the weights of another network?");
  }
}

Imported with_numbers(ir::Graph graph, const checkpoint::SafetensorsFile& weights,
                      const std::string& origin) {
  Imported imported;
  imported.format = "network.json";
  ir::Model& model = imported.model;
  model.graph = std::move(graph);
  model.data.resize(model.graph.tensors.size());
  std::set<std::string> read;
  for (std::size_t i = 0; i < model.graph.tensors.size(); ++i) {
    const ir::Tensor& tensor = model.graph.tensors[i];
    if (tensor.role == ir::Role::input || tensor.role == ir::Role::value) continue;
    read.insert(tensor.name);
    model.set<float>(static_cast<ir::TensorId>(i), stored_floats(weights, tensor.name, tensor.shape));
  }
  refuse_others(weights, read);
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
