// The operators a graph is made of, each declared once: its attributes, the parameters it brings, its shape
// rule, its multiply-accumulates and its form in ONNX. (Its gradient and its C kernel join here.)
//
// A new operator is one entry in a file of ir/operators/, reached from the table in ir/operators.cpp; the
// verifier, the text form, the counts and the tests that loop over the table then know it.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"

namespace frugal::ir {

// "3 groups do not divide 4": texts, numbers and shapes one after the other. (fmt would cost every file of
// operators four times its time to compile.)
inline std::string word(const std::string& text) { return text; }
inline std::string word(std::int64_t number) { return std::to_string(number); }
inline std::string word(std::size_t number) { return std::to_string(number); }
inline std::string word(const Dims& shape) { return to_text(shape); }
template <typename... Parts>
std::string words(const Parts&... parts) {
  return (word(parts) + ...);
}

// A rule of an operator that its inputs or attributes break; whoever builds or reads the graph adds the
// place.
struct RuleError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What the rules of an operator see of one node. Attributes are complete; inputs are those it computes on.
struct Call {
  const Graph& graph;
  std::span<const TensorId> inputs;
  const Attributes& attributes;

  const Tensor& input(std::size_t index) const { return graph.tensor(inputs[index]); }
  const Dims& shape(std::size_t index) const { return input(index).shape; }
  std::int64_t integer(const char* name) const;
  bool flag(const char* name) const { return integer(name) != 0; }
  double real(const char* name) const;
  const std::vector<std::int64_t>& integers(const char* name) const;
  const std::string& text(const char* name) const;
};
// Shape rule of operators that give what their first input has.
inline Dims same_shape(const Call& call) { return call.shape(0); }

// How an operator on integers rounds (its attribute `rounding`), and what that names:
//   float32-half-even  round(float32(sum) · float32(scale)), halves to the even number
//   tflite             as TensorFlow Lite's reference kernels: a fixed-point product rounded twice
//   integer            a fixed-point product rounded once, for processors without floating point
const std::vector<std::string>& rounding_names();

struct AttributeSpec {
  const char* name;
  AttributeValue otherwise;  // default, which gives the type
  bool required = false;
  std::int64_t low = 0;  // least whole number allowed (of each, in a list)
};

struct ParameterSpec {
  std::string name;  // "weight"; the tensor is called node.weight
  Dims shape;
  Role role = Role::parameter;
};

// The node that ONNX (opset 17) has for it. Scalars and lists are further inputs, each a constant, behind
// those computed on and before the parameters.
struct OnnxForm {
  std::string type;
  Attributes attributes;
  std::vector<std::pair<std::string, float>> scalars = {};
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> lists = {};
};

struct Operator {
  const char* name;
  const char* help;
  std::size_t least_inputs, most_inputs;  // computed on; equal where the operator brings parameters
  std::vector<AttributeSpec> attributes;
  // Shape of its output. Throws RuleError.
  Dims (*shape)(const Call&);
  OnnxForm (*onnx)(const Call&);  // null: it has none
  // Null: none.
  std::vector<ParameterSpec> (*parameters)(const Call&) = nullptr;
  // Multiply-accumulates for inputs of these shapes (the batch included); null: none are counted.
  std::int64_t (*macs)(const Call&, const Dims& out) = nullptr;
  // May write its output into its first input's room, where no one else reads that any more.
  bool in_place = false;
  // Element type of the output where it is not that of the first input.
  std::optional<DataType> output_type = std::nullopt;
  // In integers it clamps what it gives, and can keep a mask of where it did not (Node::mask).
  bool saturates = false;
};

inline constexpr std::size_t any_number = 1 << 16;  // of inputs

// The table's entry; null where the name is unknown.
using OperatorTable = std::vector<const Operator*>;
const OperatorTable& operators();
const Operator* find_operator(const std::string& name, const OperatorTable& table = operators());

// Whether a node is of this operator.
inline bool is(const Node& node, std::string_view op) { return op == node.op->name; }

// The inputs that a node computes on: all of them, or the first where the operator brings parameters.
Call call_of(const Graph& graph, const Node& node);

// A layer with weights: its weight, with the outputs first, and its bias; none where it has none.
TensorId weight_of(const Graph& graph, const Node& node);
TensorId bias_of(const Graph& graph, const Node& node);

// Attributes as given, checked against the operator's, defaults filled in. Throws RuleError with a suggestion
// for an unknown name, a wrong type, a value under the least.
Attributes complete(const Operator& op, const Attributes& given);

// No size is below 1 and no tensor has more elements than this, so that a product of two counts fits 64 bits.
inline constexpr std::int64_t most_elements = std::int64_t{1} << 31;
void check_size(const Dims& shape);  // RuleError

}  // namespace frugal::ir
