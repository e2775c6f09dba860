#include "ir/operators.h"

#include <algorithm>

#include "base/error.h"

namespace frugal::ir {
namespace {

const AttributeValue& value_of(const Attributes& attributes, const char* name) {
  for (const auto& [key, value] : attributes) {
    if (key == name) return value;
  }
  throw RuleError(words("has no attribute '", name, "'"));
}

void check_value(const AttributeSpec& spec, const AttributeValue& value) {
  if (value.index() != spec.otherwise.index()) {
    static const char* const kinds[] = {"a whole number", "a number", "a list of whole numbers", "text"};
    throw RuleError(words("'", spec.name, "' must be ", kinds[spec.otherwise.index()]));
  }
  const auto check = [&](std::int64_t number) {
    if (number < spec.low)
      throw RuleError(words("'", spec.name, "' must be at least ", spec.low, ", got ", number));
    if (number > most_elements) throw RuleError(words("'", spec.name, "' is too large: ", number));
  };
  if (const auto* number = std::get_if<std::int64_t>(&value)) check(*number);
  if (const auto* list = std::get_if<std::vector<std::int64_t>>(&value)) {
    for (const std::int64_t number : *list) check(number);
  }
}

}  // namespace

const OperatorTable& operators() {
  static const OperatorTable table = [] {
    OperatorTable all;
    for (const auto family :
         {convolutions, dense_operators, normalisations, activations, arithmetic, pools, rearrangements,
          losses, number_formats, gradients, integer_gradients, updates}) {
      const OperatorTable some = family();
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }();
  return table;
}

const std::vector<std::string>& rounding_names() {
  static const std::vector<std::string> names{"float32-half-even", "tflite", "integer"};
  return names;
}

const Operator* find_operator(const std::string& name, const OperatorTable& table) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Operator* op) { return name == op->name; });
  return found == table.end() ? nullptr : *found;
}

std::int64_t Call::integer(const char* name) const {
  return std::get<std::int64_t>(value_of(attributes, name));
}
double Call::real(const char* name) const { return std::get<double>(value_of(attributes, name)); }
const std::string& Call::text(const char* name) const {
  return std::get<std::string>(value_of(attributes, name));
}
const std::vector<std::int64_t>& Call::integers(const char* name) const {
  return std::get<std::vector<std::int64_t>>(value_of(attributes, name));
}

Call call_of(const Graph& graph, const Node& node) {
  const std::size_t computes_on = node.op->parameters == nullptr ? node.inputs.size() : node.op->least_inputs;
  return {graph, std::span(node.inputs).first(std::min(computes_on, node.inputs.size())), node.attributes};
}

TensorId weight_of(const Graph& graph, const Node& node) {
  if (node.op->macs == nullptr || node.op->parameters == nullptr) return none;
  const TensorId weight = node.inputs[node.op->least_inputs];
  return graph.tensor(weight).role == Role::parameter ? weight : none;
}

TensorId bias_of(const Graph& graph, const Node& node) {
  const std::size_t place = node.op->least_inputs + 1;
  return weight_of(graph, node) != none && place < node.inputs.size() ? node.inputs[place] : none;
}

Attributes complete(const Operator& op, const Attributes& given) {
  for (const auto& [name, value] : given) {
    const auto known = [&name = name](const AttributeSpec& spec) { return name == spec.name; };
    if (std::any_of(op.attributes.begin(), op.attributes.end(), known)) continue;
    std::vector<std::string> names;
    for (const AttributeSpec& spec : op.attributes) names.emplace_back(spec.name);
    throw RuleError(words("unknown attribute '", name, "' of ", op.name, "; ", base::suggest(name, names)));
  }
  Attributes all;
  for (const AttributeSpec& spec : op.attributes) {
    const auto found =
        std::find_if(given.begin(), given.end(), [&](const auto& entry) { return entry.first == spec.name; });
    if (found == given.end() && spec.required)
      throw RuleError(words("needs the attribute '", spec.name, "'"));
    const AttributeValue& value = found == given.end() ? spec.otherwise : found->second;
    check_value(spec, value);
    all.emplace_back(spec.name, value);
  }
  return all;
}

void check_size(const Dims& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < 1) throw RuleError(words("gives an empty tensor ", shape));
    if (size > most_elements / count) throw RuleError(words("gives a tensor that is too large: ", shape));
    count *= size;
  }
}

}  // namespace frugal::ir
