// Names of what a graph holds, for headers that pass graphs on without looking into them: those include this
// alone, so that a change of ir/graph.h compiles little anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace frugal::ir {

using TensorId = std::int32_t;
using NodeId = std::int32_t;
inline constexpr std::int32_t none = -1;
// Of a node or tensor in its vector.
constexpr std::size_t index(std::int32_t id) { return static_cast<std::size_t>(id); }

using Dims = std::vector<std::int64_t>;
// Product of the sizes; 1 for a scalar.
std::int64_t elements(const Dims& shape);
std::string to_text(const Dims& shape);  // "[1, 3, 32, 32]"

// Nodes [begin, end) of a graph: a block, a layer.
struct NodeRange {
  NodeId begin = 0, end = 0;
};

struct Graph;  // ir/graph.h
struct Node;
struct Tensor;
struct Model;  // ir/model.h

NodeRange whole(const Graph& graph);

}  // namespace frugal::ir
