// Puts a graph together node by node: gives each operator its parameters, infers shapes, and says where in
// the source (a file and a place in it) something does not fit.
#pragma once

#include <string>
#include <vector>

#include "ir/operator.h"

namespace frugal::ir {

class Builder {
 public:
  explicit Builder(std::string graph_name) { graph_.name = std::move(graph_name); }
  // Goes on with a graph; its outputs are forgotten at finish().
  Builder(Graph graph, std::string place) : graph_(std::move(graph)), place_(std::move(place)) {}

  // The place in the source that what follows comes from; errors carry it.
  void at(std::string place) { place_ = std::move(place); }
  [[noreturn]] void fail(const std::string& message, const std::string& hint = "") const;

  TensorId input(const std::string& name, const Dims& shape, DataType type = DataType::float32);
  // A node called `name`, its parameters called name.weight and so on. Throws UserError at the place where a
  // rule of the operator is broken.
  TensorId add(const std::string& op, const std::string& name, const std::vector<TensorId>& inputs,
               const Attributes& attributes = {});
  TensorId add(const Operator& op, const std::string& name, const std::vector<TensorId>& inputs,
               const Attributes& attributes = {});

  const Dims& shape(TensorId id) const { return graph_.tensor(id).shape; }
  const Graph& graph() const { return graph_; }
  // A tensor that no node computes and that is there from the start: Role::constant.
  TensorId constant(const std::string& name, const Dims& shape, DataType type = DataType::float32);
  // Says how a tensor is stored, where that is not float.
  void store_as(TensorId id, DataType type, Quantization quantization);
  // Asks a node for its mask, called `name`. The node is named by its output.
  TensorId mask(TensorId output, const std::string& name);
  NodeId size() const { return static_cast<NodeId>(graph_.nodes.size()); }

  // Checked by ir/verify.h.
  Graph finish(const std::vector<TensorId>& outputs);

 private:
  TensorId add_tensor(Tensor tensor);

  Graph graph_;
  std::string place_;
};

}  // namespace frugal::ir
