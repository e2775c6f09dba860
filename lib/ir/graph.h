// A network as a graph of operators: what every tool that looks at a network reads, whatever file it came
// from.
//
// Nodes and tensors are indices into two vectors. Nodes stand in an order in which they can run. A tensor is
// the graph's input, a parameter (learnt), a state (kept beside the parameters: running statistics), a
// constant or what a node gives. Shapes have the batch first and the channels second: [N, C, H, W],
// [N, C, L], [N, features].
//
// An operator whose first input is i8 and quantised computes in integers, as its attribute `rounding` says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ir/ids.h"

namespace frugal::ir {

enum class DataType { float32, int8, int16, int32, bit };
const char* name_of(DataType type);  // "f32", "i8", "i16", "i32", "bit"
std::optional<DataType> data_type_named(const std::string& name);

// real = scale · (stored − zero_point); one pair for the whole tensor, or one an index of `axis`.
struct Quantization {
  std::vector<double> scale;
  std::vector<std::int64_t> zero_point;
  std::int64_t axis = none;
  bool operator==(const Quantization&) const = default;
};

enum class Role { input, parameter, state, constant, value };
const char* name_of(Role role);

struct Tensor {
  std::string name;  // unique; a parameter's is its name in the weights' file
  Role role = Role::value;
  DataType type = DataType::float32;
  Dims shape;
  std::optional<Quantization> quantization;
  bool operator==(const Tensor&) const = default;
};
// Bytes of its elements, densely packed (eight bits a byte).
std::int64_t bytes(const Tensor& tensor);

using AttributeValue = std::variant<std::int64_t, double, std::vector<std::int64_t>, std::string>;
// In the order of the operator's description, defaults filled in.
using Attributes = std::vector<std::pair<std::string, AttributeValue>>;

struct Operator;  // ir/operator.h

// Named by its output. Inputs are what it computes on, then its parameters and states.
struct Node {
  const Operator* op = nullptr;
  Attributes attributes;
  std::vector<TensorId> inputs;
  TensorId output = none;
  // A bit an element of the output: 1 where the value lay within the operator's clamp before it was clamped.
  // What the gradient needs of a saturating operator; none where no one asked for it.
  TensorId mask = none;
  bool operator==(const Node&) const = default;
};

struct Graph {
  std::string name;
  std::vector<Tensor> tensors;
  std::vector<Node> nodes;
  std::vector<TensorId> inputs, outputs;

  const Tensor& tensor(TensorId id) const { return tensors[static_cast<std::size_t>(id)]; }
  Tensor& tensor(TensorId id) { return tensors[static_cast<std::size_t>(id)]; }
  const std::string& name_of(const Node& node) const { return tensor(node.output).name; }
  bool operator==(const Graph&) const = default;
};

}  // namespace frugal::ir
