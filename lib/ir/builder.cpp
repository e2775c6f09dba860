#include "ir/builder.h"

#include "base/error.h"
#include "ir/verify.h"

namespace frugal::ir {

void Builder::fail(const std::string& message, const std::string& hint) const {
  throw base::UserError(place_.empty() ? graph_.name : place_, message, hint);
}

TensorId Builder::add_tensor(Tensor tensor) {
  graph_.tensors.push_back(std::move(tensor));
  return static_cast<TensorId>(graph_.tensors.size() - 1);
}

TensorId Builder::input(const std::string& name, const Dims& shape, DataType type) {
  const TensorId id = add_tensor({name, Role::input, type, shape, std::nullopt});
  graph_.inputs.push_back(id);
  return id;
}

TensorId Builder::constant(const std::string& name, const Dims& shape, DataType type) {
  return add_tensor({name, Role::constant, type, shape, std::nullopt});
}

void Builder::store_as(TensorId id, DataType type, Quantization quantization) {
  graph_.tensor(id).type = type;
  graph_.tensor(id).quantization = std::move(quantization);
}

TensorId Builder::mask(TensorId output, const std::string& name) {
  for (Node& node : graph_.nodes) {
    if (node.output != output) continue;
    node.mask = add_tensor({name, Role::value, DataType::bit, shape(output), std::nullopt});
    return node.mask;
  }
  FRUGAL_ASSERT(false, "a mask of what no node computes");
  return none;
}

TensorId Builder::add(const std::string& op, const std::string& name, const std::vector<TensorId>& inputs,
                      const Attributes& attributes) {
  const Operator* found = find_operator(op);
  FRUGAL_ASSERT(found != nullptr, "an operator that is not in the table");
  return add(*found, name, inputs, attributes);
}

TensorId Builder::add(const Operator& op, const std::string& name, const std::vector<TensorId>& inputs,
                      const Attributes& attributes) {
  FRUGAL_ASSERT(inputs.size() >= op.least_inputs && inputs.size() <= op.most_inputs, "an operator's inputs");
  try {
    Node node{&op, complete(op, attributes), inputs, none};
    const Call call{graph_, inputs, node.attributes};
    Tensor out{name, Role::value, op.output_type.value_or(call.input(0).type), op.shape(call), std::nullopt};
    check_size(out.shape);
    const std::vector<ParameterSpec> specs =
        op.parameters == nullptr ? std::vector<ParameterSpec>{} : op.parameters(call);
    for (const ParameterSpec& spec : specs) {
      check_size(spec.shape);
      node.inputs.push_back(
          add_tensor({name + "." + spec.name, spec.role, DataType::float32, spec.shape, std::nullopt}));
    }
    node.output = add_tensor(std::move(out));
    graph_.nodes.push_back(std::move(node));
    return graph_.nodes.back().output;
  } catch (const RuleError& error) {
    fail(error.what());
  }
}

Graph Builder::finish(const std::vector<TensorId>& outputs) {
  graph_.outputs = outputs;
  verify(graph_, graph_.name);
  return std::move(graph_);
}

}  // namespace frugal::ir
