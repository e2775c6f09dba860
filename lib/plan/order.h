// The order in which a graph's nodes run, chosen so that fewer bytes are alive at once.
//
// First lists: of the nodes that can run next, the one that leaves the least alive. Then exactly, within a
// number of visited states: is there an order that stays below the best one known? A state is the set of
// nodes that have run; it is looked at once. A node that fits now and frees at least as much as it makes runs
// at once: no order gets worse by that, since what it would free later it frees now. So chains cost nothing,
// and parts that do not depend on each other add up instead of multiplying at every place where all that is
// alive is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "ir/graph.h"
#include "plan/lifetimes.h"

namespace frugal::plan {

struct OrderOptions {
  std::vector<Share> shares;  // as lifetimes() takes them
  // Pairs of nodes, the first of which must run before the second, beside those that data demands.
  std::vector<std::pair<ir::NodeId, ir::NodeId>> before;
  std::vector<std::size_t> scratch;  // bytes by node that it needs while it runs; empty: none
  std::uint64_t states = 100'000;    // 0: lists alone
};

struct Order {
  std::vector<ir::NodeId> nodes;  // as they run
  std::size_t bytes = 0;          // most alive at once
  std::size_t given_bytes = 0;    // of the order in which the graph has them: never less than `bytes`
  bool smallest = false;          // proved: every order has a step with as much alive
  std::uint64_t states = 0;       // visited
};

// A graph whose nodes stand in an order in which they can run. Alive is what lifetimes() says, a block from
// where it is made to where it is last read, both included.
Order search_order(const ir::Graph& graph, const OrderOptions& options = {});

// Every node that reads `tensor` before `writer` overwrites it, as pairs for OrderOptions::before; and those
// that read it after. For nodes that update a parameter in place.
std::vector<std::pair<ir::NodeId, ir::NodeId>> around_write(const ir::Graph& graph, ir::NodeId writer,
                                                            ir::TensorId tensor);

// The same graph with its nodes in another order. An order in which something is read before it is there is a
// fault of the caller (an assertion).
ir::Graph reordered(const ir::Graph& graph, const std::vector<ir::NodeId>& nodes);

}  // namespace frugal::plan
