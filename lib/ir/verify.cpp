#include "ir/verify.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "base/error.h"
#include "ir/model.h"
#include "ir/operator.h"

namespace frugal::ir {
namespace {

class Verifier {
 public:
  Verifier(const Graph& graph, const std::string& origin)
      : graph_(graph), origin_(origin), written_(graph.tensors.size(), false) {}

  void run() {
    std::unordered_set<std::string> names;
    for (const Tensor& tensor : graph_.tensors) {
      if (tensor.name.empty()) fail("a tensor", "has no name");
      if (!names.insert(tensor.name).second) fail(tensor.name, "stands twice");
      rule(tensor.name, [&] { check_size(tensor.shape); });
      if (tensor.quantization) check_quantization(tensor);
    }
    for (const TensorId id : graph_.inputs) {
      if (in_range(id, "an input").role != Role::input) fail(graph_.tensor(id).name, "is no input");
      written_[static_cast<std::size_t>(id)] = true;
    }
    for (const Node& node : graph_.nodes) check_node(node);
    if (graph_.outputs.empty()) fail(graph_.name, "has no output");
    for (const TensorId id : graph_.outputs) {
      const Tensor& tensor = in_range(id, "an output");
      if (!is_there(id)) fail(tensor.name, "is an output that nothing computes");
    }
  }

 private:
  [[noreturn]] void fail(const std::string& name, const std::string& message) const {
    throw base::UserError(origin_ + ": " + name, message);
  }

  template <typename Work>
  void rule(const std::string& name, const Work& work) const {
    try {
      work();
    } catch (const RuleError& error) {
      fail(name, error.what());
    }
  }

  const Tensor& in_range(TensorId id, const std::string& what) const {
    if (id < 0 || static_cast<std::size_t>(id) >= graph_.tensors.size())
      fail(what, "is no tensor of the graph");
    return graph_.tensor(id);
  }

  // What is neither given nor computed is there from the start.
  bool is_there(TensorId id) const {
    const Role role = graph_.tensor(id).role;
    return (role != Role::input && role != Role::value) || written_[static_cast<std::size_t>(id)];
  }

  void check_quantization(const Tensor& tensor) const {
    const Quantization& q = *tensor.quantization;
    const bool whole = q.axis == none;
    if (!whole && (q.axis < 0 || q.axis >= static_cast<std::int64_t>(tensor.shape.size()))) {
      fail(tensor.name, "is quantised along an axis that it does not have");
    }
    const std::int64_t wanted = whole ? 1 : tensor.shape[static_cast<std::size_t>(q.axis)];
    if (static_cast<std::int64_t>(q.scale.size()) != wanted || q.zero_point.size() != q.scale.size()) {
      fail(tensor.name, words("needs ", wanted, " scales and zero points, has ", q.scale.size(), " and ",
                              q.zero_point.size()));
    }
    for (const double scale : q.scale) {
      if (!(scale > 0) || !std::isfinite(scale))
        fail(tensor.name, words("has the scale ", std::to_string(scale), ", which is no positive number"));
    }
  }

  void check_node(const Node& node) {
    const Tensor& output = in_range(node.output, "a node's output");
    const std::string& name = output.name;
    if (node.op == nullptr) fail(name, "has no operator");
    const Operator& op = *node.op;
    if (output.role != Role::value)
      fail(name, words("is an ", name_of(output.role), " and cannot be computed"));
    if (written_[static_cast<std::size_t>(node.output)]) fail(name, "is computed twice");
    for (const TensorId id : node.inputs) {
      const Tensor& input = in_range(id, name + "'s input");
      if (!is_there(id)) fail(name, words("reads '", input.name, "' before it is computed"));
    }
    const Call call = call_of(graph_, node);
    if (call.inputs.size() < op.least_inputs || call.inputs.size() > op.most_inputs) {
      fail(name, words(op.name, " takes ", op.least_inputs, " to ", op.most_inputs, " inputs, got ",
                       call.inputs.size()));
    }
    rule(name, [&] {
      if (complete(op, node.attributes) != node.attributes) throw RuleError("has incomplete attributes");
      const Dims shape = op.shape(call);
      if (shape != output.shape) {
        throw RuleError(words("has the shape ", output.shape, ", but ", op.name, " gives ", shape));
      }
      check_parameters(node, call);
    });
    const DataType type = op.output_type.value_or(call.input(0).type);
    if (!output.quantization && type != output.type) {
      fail(name, words("is ", name_of(output.type), ", but ", op.name, " gives ", name_of(type)));
    }
    written_[static_cast<std::size_t>(node.output)] = true;
    if (node.mask != none) check_mask(node, output);
    if (op.saturates && call.input(0).type == DataType::int8) check_integers(call, output);
  }

  // An operator that computes in integers.
  void check_integers(const Call& call, const Tensor& output) const {
    if (!call.input(0).quantization || !output.quantization)
      fail(output.name, "computes on i8 and needs the quantisation of what it takes and gives");
    rule(output.name, [&] {
      const std::string& rounding = call.text("rounding");
      const std::vector<std::string>& names = rounding_names();
      if (std::find(names.begin(), names.end(), rounding) == names.end())
        throw RuleError(
            words("computes on i8; unknown rounding '", rounding, "'; ", base::suggest(rounding, names)));
      const std::vector<std::int64_t>& clamp = call.integers("clamp");
      if (clamp.size() != 2 || clamp[0] > clamp[1] || clamp[1] > 127)
        throw RuleError("needs a clamp of two numbers, the least first, in [-128, 127]");
    });
  }

  void check_mask(const Node& node, const Tensor& output) {
    const Tensor& mask = in_range(node.mask, output.name + "'s mask");
    if (!node.op->saturates) fail(output.name, words("has a mask, but ", node.op->name, " clamps nothing"));
    if (mask.role != Role::value || mask.type != DataType::bit || mask.shape != output.shape)
      fail(mask.name, "is a mask and needs a bit an element of its output");
    if (written_[static_cast<std::size_t>(node.mask)]) fail(mask.name, "is computed twice");
    written_[static_cast<std::size_t>(node.mask)] = true;
  }

  void check_parameters(const Node& node, const Call& call) const {
    if (node.op->parameters == nullptr) return;
    const std::vector<ParameterSpec> wanted = node.op->parameters(call);
    const std::size_t given = node.inputs.size() - call.inputs.size();
    if (given != wanted.size()) {
      throw RuleError(words(node.op->name, " needs ", wanted.size(), " parameters, got ", given));
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const Tensor& parameter = graph_.tensor(node.inputs[call.inputs.size() + i]);
      const bool computed = parameter.role == Role::value && wanted[i].role == Role::parameter;
      if ((parameter.role != wanted[i].role && !computed) || parameter.shape != wanted[i].shape) {
        throw RuleError(words("needs a ", name_of(wanted[i].role), " '", wanted[i].name, "' of shape ",
                              wanted[i].shape, ", got ", name_of(parameter.role), " of ", parameter.shape));
      }
    }
  }

  const Graph& graph_;
  const std::string& origin_;
  std::vector<bool> written_;
};

}  // namespace

void verify(const Graph& graph, const std::string& origin) { Verifier(graph, origin).run(); }

void verify(const Model& model, const std::string& origin) {
  verify(model.graph, origin);
  for (std::size_t i = 0; i < model.graph.tensors.size(); ++i) {
    const Tensor& tensor = model.graph.tensors[i];
    const bool computed = tensor.role == Role::input || tensor.role == Role::value;
    const std::size_t wanted = computed ? 0 : static_cast<std::size_t>(bytes(tensor));
    const std::size_t given = i < model.data.size() ? model.data[i].size() : 0;
    if (given != wanted)
      throw base::UserError(origin + ": " + tensor.name,
                            words("needs ", wanted, " bytes of data, has ", given));
  }
}

}  // namespace frugal::ir
