// What a graph, or a part of it, costs: learnt numbers, multiply-accumulates, and the bytes it needs on a
// device that holds int8 weights and activations.
#pragma once

#include <cstdint>

#include <vector>

#include "ir/ids.h"

namespace frugal::ir {

// Learnt numbers: weights, biases, batch norm's scale and shift.
std::int64_t parameter_count(const Graph& graph, NodeRange range);
// Of one batch as the graph's shapes have it. Convolutions and fully connected layers count; batch norm is
// folded away and a bias is free.
std::int64_t mac_count(const Graph& graph, NodeRange range);

// A byte a weight, and for every output channel 4 a bias (int32) and 4 a scale; batch norm folded.
std::int64_t flash_bytes(const Graph& graph, NodeRange range);

// Most bytes of int8 activations alive at once while the range runs layer by layer. A layer with weights is a
// step: its input and output, and what a later step still reads. What follows a layer element by element
// (batch norm, activation, sum) works in its output's place; a global pool runs in the step that reads it.
std::int64_t sram_bytes(const Graph& graph, NodeRange range);
// What is alive while each node of the graph runs, by the same rule; without weights a node is no step of its
// own, and what is alive beside it is told all the same.
std::vector<std::int64_t> sram_by_node(const Graph& graph);

}  // namespace frugal::ir
