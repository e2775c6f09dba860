// Lifetimes of a graph's tensors, over random graphs.
#include "plan/lifetimes.h"

#include "plan/plan.h"
#include "support/random_graph.h"
#include "support/test.h"

using namespace frugal;

TEST_CASE("lifetimes of a graph reach from where a tensor is computed to where it is last read", "[plan]") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const ir::Graph graph = test::random_graph(seed);
    const std::vector<plan::Block> blocks = plan::lifetimes(graph, 16);
    const auto block = [&](ir::TensorId id) { return blocks[static_cast<std::size_t>(id)]; };
    for (ir::NodeId n = 0; n < static_cast<ir::NodeId>(graph.nodes.size()); ++n) {
      const ir::Node& node = graph.nodes[static_cast<std::size_t>(n)];
      CHECK(block(node.output).first == n);
      for (const ir::TensorId id : node.inputs) {
        const bool value =
            graph.tensor(id).role == ir::Role::value || graph.tensor(id).role == ir::Role::input;
        CHECK((block(id).bytes > 0) == value);
        CHECK(block(id).alignment == 16);
        CHECK(block(id).name == graph.tensor(id).name);
        if (value) CHECK((block(id).first <= n && block(id).last >= n));
      }
    }
    for (const ir::TensorId id : graph.outputs)
      CHECK(block(id).last == static_cast<ir::NodeId>(graph.nodes.size()));
    const plan::Plan plan = plan::place(blocks);  // which verifies itself
    CHECK(plan.arena.bytes >= plan.lower_bound);
  }
}
