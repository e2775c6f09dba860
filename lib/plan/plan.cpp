#include "plan/plan.h"

#include <algorithm>

#include "base/error.h"
#include "plan/greedy.h"
#include "plan/verify.h"

namespace frugal::plan {
namespace {

// Block placements that the local search may cost: a plan of n blocks costs about n² of their comparisons.
constexpr std::uint64_t local_search_work = 4'000'000;
constexpr std::uint64_t most_tries = 300;

class Planner {
 public:
  Planner(const std::vector<Block>& blocks, const Options& options) : blocks_(blocks), options_(options) {
    plan_.lower_bound = lower_bound(blocks);
    // At the bound nothing smaller is left to look for; within the capacity nothing need be.
    enough_ = std::max(plan_.lower_bound, options.capacity.value_or(0));
  }

  Plan run() {
    by_heuristics();
    if (plan_.arena.bytes > enough_) by_local_search();
    if (plan_.arena.bytes > enough_ && options_.search.nodes > 0) {
      if (options_.capacity && plan_.lower_bound <= *options_.capacity) {
        fit_exactly(*options_.capacity, options_.search.nodes);
      } else {
        shrink_exactly();
      }
    }
    finish();
    return std::move(plan_);
  }

 private:
  void keep(Arena arena, const std::string& method) {
    if (!plan_.method.empty() && arena.bytes >= plan_.arena.bytes) return;
    plan_.arena = std::move(arena);
    plan_.method = method;
  }

  void by_heuristics() {
    std::size_t smallest = 0;
    for (const Heuristic& heuristic : heuristics()) {
      std::vector<std::size_t> order = order_by(heuristic, blocks_);
      Arena arena = place_in_order(blocks_, order, heuristic.fit);
      if (best_order_.empty() || arena.bytes < smallest) {
        smallest = arena.bytes;
        best_order_ = std::move(order);
      }
      keep(std::move(arena), heuristic.name);
      if (plan_.arena.bytes <= enough_) return;
    }
  }

  void by_local_search() {
    const std::uint64_t cost = std::max<std::uint64_t>(blocks_.size() * blocks_.size(), 1);
    const std::uint64_t tries = std::min(most_tries, local_search_work / cost);
    keep(improve_order(blocks_, best_order_, enough_, tries, options_.search.seed), "local search");
  }

  Answer fit_exactly(std::size_t capacity, std::uint64_t nodes) {
    const Problem problem = make_problem(blocks_, capacity);
    if (!problem.representable) return Answer::unknown;
    SearchLimits limits = options_.search;
    limits.nodes = nodes;
    const SearchResult result = search(problem, limits);
    plan_.nodes += result.nodes;
    plan_.out_of_time = plan_.out_of_time || result.out_of_time;
    if (result.answer == Answer::impossible && capacity == options_.capacity) plan_.impossible = true;
    if (result.answer != Answer::fits) return result.answer;
    Arena arena;
    arena.offsets.assign(blocks_.size(), 0);
    for (std::size_t i = 0; i < problem.items.size(); ++i) {
      const std::size_t block = problem.blocks[i];
      arena.offsets[block] = static_cast<std::size_t>(result.offsets[i]) * problem.unit_bytes;
      arena.bytes = std::max(arena.bytes, arena.offsets[block] + blocks_[block].bytes);
    }
    keep(std::move(arena), "exact");
    return result.answer;
  }

  // The lower bound is the likeliest size of the smallest plan: it gets half of the decisions. Then the sizes
  // between what is refuted and what is found are halved.
  void shrink_exactly() {
    const std::uint64_t all = options_.search.nodes;
    std::size_t low = plan_.lower_bound;
    bool proved = true;
    for (std::size_t capacity = low; low < plan_.arena.bytes && plan_.nodes < all && !plan_.out_of_time;) {
      const std::uint64_t left = all - plan_.nodes;
      const Answer answer = fit_exactly(capacity, (left + 1) / 2);
      if (answer != Answer::fits) low = capacity + 1;
      proved = proved && answer != Answer::unknown;
      capacity = low + (plan_.arena.bytes - low) / 2;
    }
    plan_.smallest = proved && low >= plan_.arena.bytes;
  }

  void finish() {
    plan_.smallest = plan_.smallest || plan_.arena.bytes == plan_.lower_bound;
    const std::optional<std::size_t>& capacity = options_.capacity;
    plan_.impossible = plan_.impossible || (capacity && plan_.lower_bound > *capacity);
    plan_.fits = !capacity || plan_.arena.bytes <= *capacity;
    verify(blocks_, plan_.arena, plan_.fits ? capacity : std::nullopt);
  }

  const std::vector<Block>& blocks_;
  const Options& options_;
  std::size_t enough_ = 0;
  std::vector<std::size_t> best_order_;
  Plan plan_;
};

}  // namespace

double Plan::gap() const {
  if (lower_bound == 0) return 0;
  return static_cast<double>(arena.bytes) / static_cast<double>(lower_bound) - 1;
}

Plan place(const std::vector<Block>& blocks, const Options& options) {
  for (const Block& block : blocks)
    FRUGAL_ASSERT(block.first <= block.last && block.alignment > 0, "a block without a time or an alignment");
  return Planner(blocks, options).run();
}

}  // namespace frugal::plan
