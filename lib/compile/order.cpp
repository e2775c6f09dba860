#include "compile/order.h"

#include <algorithm>

#include "emit/arena.h"
#include "ir/verify.h"
#include "plan/order.h"

namespace frugal::compile {

using ir::NodeId;

passes::TrainingStep in_searched_order(const passes::TrainingStep& step, std::int32_t kernels,
                                       const std::string& origin) {
  const emit::KernelNeeds needs = emit::needs_of(step, kernels, origin);
  ir::Graph graph = step.model.graph;
  plan::OrderOptions options;
  options.shares = needs.shares;
  options.scratch = needs.scratch;
  options.states = 5'000;  // a fraction of a second
  const NodeId last = step.forward_end - 1;
  for (NodeId n = 0; n < ir::whole(graph).end; ++n) {
    if (n != last) options.before.emplace_back(std::min(n, last), std::max(n, last));
    const ir::Node& node = graph.nodes[passes::index(n)];
    if (!passes::is_update(node)) continue;
    const auto around = plan::around_write(graph, n, node.inputs[0]);
    options.before.insert(options.before.end(), around.begin(), around.end());
    graph.tensor(node.output).shape = {1};  // it lies where the parameter does, which is no memory of a step
  }
  const plan::Order order = plan::search_order(graph, options);
  if (order.bytes >= order.given_bytes) return step;
  passes::TrainingStep better = step;
  better.model.graph = plan::reordered(step.model.graph, order.nodes);
  ir::verify(better.model.graph, better.model.graph.name);
  return better;
}

}  // namespace frugal::compile
