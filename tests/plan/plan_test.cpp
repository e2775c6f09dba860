// The memory planner over random sets of blocks: every plan holds, none is below the bound, and for few
// blocks it is as small as the best of all orders.
#include "plan/plan.h"

#include <algorithm>
#include <numeric>

#include "plan/greedy.h"
#include "plan/random_blocks.h"
#include "plan/verify.h"
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

// The smallest plan, by every order of the blocks: in the order of a smallest plan's offsets, each block put
// above those it meets ends no higher than there.
std::size_t smallest_by_brute_force(const std::vector<plan::Block>& blocks) {
  std::vector<std::size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::size_t smallest = SIZE_MAX;
  do {
    std::vector<std::size_t> ends(blocks.size(), 0);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const plan::Block& block = blocks[order[i]];
      if (block.bytes == 0) continue;
      std::size_t offset = 0;
      for (std::size_t j = 0; j < i; ++j) {
        const plan::Block& other = blocks[order[j]];
        if (other.first <= block.last && block.first <= other.last) offset = std::max(offset, ends[order[j]]);
      }
      offset = (offset + block.alignment - 1) / block.alignment * block.alignment;
      ends[order[i]] = offset + block.bytes;
      bytes = std::max(bytes, ends[order[i]]);
    }
    smallest = std::min(smallest, bytes);
  } while (std::next_permutation(order.begin(), order.end()));
  return smallest;
}

void check_places(const std::vector<plan::Block>& blocks, const plan::Arena& arena) {
  CHECK_FALSE(overlaps(blocks, arena));
  CHECK_FALSE(plan::fault_of(blocks, arena).has_value());
  CHECK(arena.bytes >= most_alive(blocks));
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].bytes > 0) CHECK(arena.offsets[i] % blocks[i].alignment == 0);
  }
}

}  // namespace

TEST_CASE("plans of random blocks hold, and the planner's is no larger than any heuristic's", "[plan]") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    INFO("seed " << seed);
    const auto blocks = test::random_blocks(seed, {.mixed = seed % 2 == 1});
    plan::Options options;
    options.search.nodes = 300;
    const plan::Plan plan = plan::place(blocks, options);
    check_places(blocks, plan.arena);
    CHECK(plan.lower_bound >= most_alive(blocks));
    CHECK(plan.arena.bytes >= plan.lower_bound);
    CHECK(plan.gap() >= 0);
    for (const plan::Heuristic& heuristic : plan::heuristics()) {
      INFO(heuristic.name);
      const plan::Arena arena =
          plan::place_in_order(blocks, plan::order_by(heuristic, blocks), heuristic.fit);
      check_places(blocks, arena);
      CHECK(plan.arena.bytes <= arena.bytes);
    }
  }
}

TEST_CASE("the smallest plan of a few blocks is that of brute force", "[plan]") {
  int above_the_bound = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    // Few, long and coarse: here heuristics and the bound are often wrong.
    const auto blocks = test::random_blocks(seed, {.most_blocks = 7,
                                                   .steps = 6,
                                                   .most_bytes = 12,
                                                   .longest = 4,
                                                   .alignments = 3,
                                                   .mixed = seed % 3 == 0});
    const plan::Plan plan = plan::place(blocks);
    const std::size_t smallest = smallest_by_brute_force(blocks);
    CHECK(plan.arena.bytes == smallest);
    CHECK(plan.smallest);
    above_the_bound += smallest > plan.lower_bound ? 1 : 0;

    // The exact search alone, at that size and below it.
    plan::SearchLimits limits;
    CHECK(plan::search(plan::make_problem(blocks, smallest), limits).answer == plan::Answer::fits);
    if (smallest > 0)
      CHECK(plan::search(plan::make_problem(blocks, smallest - 1), limits).answer ==
            plan::Answer::impossible);
  }
  CHECK(above_the_bound >= 5);  // else this test says little
}

TEST_CASE("blocks that fill a rectangle to the last byte are placed in it", "[plan]") {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    INFO("seed " << seed);
    const auto blocks = test::cut_rectangle(seed, 40, 30, 1000);
    const plan::Plan plan = plan::place(blocks);
    check_places(blocks, plan.arena);
    CHECK(plan.arena.bytes == 1000);
    CHECK(plan.smallest);
    CHECK(plan.gap() == 0);
  }
}

TEST_CASE("a capacity is kept to, or refuted, and the plan says which", "[plan]") {
  const std::vector<plan::Block> blocks = {{6, 0, 2}, {4, 1, 3}, {6, 3, 5}};
  const auto with = [&](std::size_t capacity) {
    plan::Options options;
    options.capacity = capacity;
    return plan::place(blocks, options);
  };
  CHECK(with(10).fits);
  CHECK_FALSE(with(10).impossible);
  CHECK_FALSE(with(9).fits);
  CHECK(with(9).impossible);
  CHECK(with(9).arena.bytes == 10);  // still a plan, to say by how much it is too large
  CHECK(with(100).fits);

  const plan::Plan nothing = plan::place({});
  CHECK(nothing.arena.bytes == 0);
  CHECK(nothing.smallest);
  CHECK(nothing.gap() == 0);
}

TEST_CASE("a search that is cut short says so and is the same every time", "[plan]") {
  const auto blocks = test::cut_rectangle(7, 120, 60, 10'000);
  plan::Options options;
  options.search.nodes = 40;
  const plan::Plan once = plan::place(blocks, options), again = plan::place(blocks, options);
  CHECK(once.arena.offsets == again.arena.offsets);
  CHECK(once.nodes == again.nodes);
  CHECK(once.nodes <= 40);
  CHECK_FALSE(once.smallest);
  CHECK(once.gap() > 0);

  options.search.nodes = 1'000'000'000;
  options.search.seconds = 1e-9;
  const plan::Plan timed = plan::place(blocks, options);
  CHECK(timed.out_of_time);
  CHECK_FALSE(timed.smallest);
}

TEST_CASE("sizes beyond what the exact search counts in are placed all the same", "[plan]") {
  const std::size_t huge = std::size_t{1} << 40;
  const std::vector<plan::Block> blocks = {{huge + 1, 0, 1}, {huge, 1, 2}, {huge + 3, 2, 3}, {7, 0, 3}};
  const plan::Plan plan = plan::place(blocks);
  check_places(blocks, plan.arena);
  CHECK(plan.nodes == 0);
}
