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
  imported.model.graph = is_tree_network(json) ? *lower(read_tree_network(json, origin), 0, origin)
                                               : *lower(read_network(json, origin), 0, origin).graph;
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
