// Places in one block of memory, over random lifetimes and random graphs: no two blocks that live at the same
// time overlap, and no plan is smaller than what is alive at once.
#include "plan/arena.h"

#include <algorithm>

#include "base/random.h"
#include "support/random_graph.h"
#include "support/test.h"

using namespace frugal;

namespace {

// The plainest check: byte ranges and step ranges of every pair.
bool overlaps(const std::vector<plan::Block>& blocks, const plan::Arena& arena) {
  for (std::size_t a = 0; a < blocks.size(); ++a) {
    for (std::size_t b = a + 1; b < blocks.size(); ++b) {
      const bool in_time =
          std::max(blocks[a].first, blocks[b].first) <= std::min(blocks[a].last, blocks[b].last);
      const bool in_space = std::max(arena.offsets[a], arena.offsets[b]) <
                            std::min(arena.offsets[a] + blocks[a].bytes, arena.offsets[b] + blocks[b].bytes);
      if (in_time && in_space) return true;
    }
  }
  return false;
}

std::size_t most_alive(const std::vector<plan::Block>& blocks) {
  std::size_t most = 0;
  for (const plan::Block& at : blocks) {
    std::size_t alive = 0;
    for (const plan::Block& block : blocks) {
      if (block.first <= at.first && at.first <= block.last) alive += block.bytes;
    }
    most = std::max(most, alive);
  }
  return most;
}

}  // namespace

TEST_CASE("blocks that live at the same time do not overlap", "[plan]") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    base::Random random(seed, "arena");
    std::vector<plan::Block> blocks;
    for (std::uint64_t i = 0; i < 1 + random.below(40); ++i) {
      const auto first = static_cast<ir::NodeId>(random.below(30));
      blocks.push_back({random.below(5000), first, first + static_cast<ir::NodeId>(random.below(12))});
    }
    const std::size_t alignment = std::size_t{1} << random.below(5);
    const plan::Arena arena = plan::place_by_size(blocks, alignment);
    INFO("seed " << seed);
    CHECK_FALSE(overlaps(blocks, arena));
    CHECK(arena.bytes >= most_alive(blocks));
    for (const std::size_t offset : arena.offsets) CHECK(offset % alignment == 0);
  }
}

TEST_CASE("lifetimes of a graph reach from where a tensor is computed to where it is last read", "[plan]") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const ir::Graph graph = test::random_graph(seed);
    const std::vector<plan::Block> blocks = plan::lifetimes(graph);
    const auto block = [&](ir::TensorId id) { return blocks[static_cast<std::size_t>(id)]; };
    for (ir::NodeId n = 0; n < static_cast<ir::NodeId>(graph.nodes.size()); ++n) {
      const ir::Node& node = graph.nodes[static_cast<std::size_t>(n)];
      CHECK(block(node.output).first == n);
      for (const ir::TensorId id : node.inputs) {
        const bool value =
            graph.tensor(id).role == ir::Role::value || graph.tensor(id).role == ir::Role::input;
        CHECK((block(id).bytes > 0) == value);
        if (value) CHECK((block(id).first <= n && block(id).last >= n));
      }
    }
    for (const ir::TensorId id : graph.outputs)
      CHECK(block(id).last == static_cast<ir::NodeId>(graph.nodes.size()));
    CHECK_FALSE(overlaps(blocks, plan::place_by_size(blocks, 16)));
  }
}
