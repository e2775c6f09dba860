#include "network/import/float_network.h"

#include "ir/builder.h"
#include "network/import/weights_file.h"
#include "network/lower.h"
#include "network/tree.h"

namespace frugal::network {

Imported import_float_network(const nlohmann::json& json, const checkpoint::SafetensorsFile& weights,
                              const std::string& origin) {
  Imported imported;
  imported.format = "network.json";
  if (is_tree_network(json)) {
    imported.model.graph = *lower(read_tree_network(json, origin), 0, origin);
  } else {
    const NetworkConfig network = read_network(json, origin);
    imported.model.graph = *lower(network, 0, origin).graph;
    if (network.preprocessing) imported.metadata = metadata_of(*network.preprocessing, network.resolution);
  }
  ir::Model& model = imported.model;
  model.data.resize(model.graph.tensors.size());
  for (std::size_t i = 0; i < model.graph.tensors.size(); ++i) {
    const ir::Tensor& tensor = model.graph.tensors[i];
    if (tensor.role == ir::Role::input || tensor.role == ir::Role::value) continue;
    model.set<float>(static_cast<ir::TensorId>(i), stored_numbers<float>(weights, tensor.name, tensor.shape));
  }
  ir::verify(model, origin);
  return imported;
}

}  // namespace frugal::network
