// Best first over ranks: with every block's candidates sorted, a network is a tuple of ranks, and the tuples
// one step worse than it are its successors. Each is made once, by its parent alone: a step may only be taken
// in the last block that has a step, or in one after it.
#include "search/derive/k_best.h"

#include <algorithm>
#include <numeric>
#include <queue>

namespace frugal::search {
namespace {

constexpr std::size_t most_tried = 1'000'000;

struct Ranked {
  double score = 0;
  std::vector<std::size_t> ranks;
};
struct LessProbable {
  bool operator()(const Ranked& a, const Ranked& b) const {
    return a.score != b.score ? a.score < b.score : a.ranks > b.ranks;
  }
};

}  // namespace

std::vector<Choice> k_most_probable(const BlockScores& scores, const std::vector<Limit>& limits,
                                    std::size_t k) {
  check_finite(scores);
  std::vector<std::vector<std::size_t>> order;  // [block][rank] -> candidate
  for (const auto& block : scores) {
    order.emplace_back(block.size());
    std::iota(order.back().begin(), order.back().end(), std::size_t{0});
    std::stable_sort(order.back().begin(), order.back().end(),
                     [&](std::size_t a, std::size_t b) { return block[a] > block[b]; });
  }
  const auto choice_of = [&](const std::vector<std::size_t>& ranks) {
    Choice choice;
    for (std::size_t b = 0; b < ranks.size(); ++b) choice.push_back(order[b][ranks[b]]);
    return choice;
  };
  std::priority_queue<Ranked, std::vector<Ranked>, LessProbable> open;
  const std::vector<std::size_t> first(scores.size(), 0);
  open.push({score_of(scores, choice_of(first)), first});
  std::vector<Choice> best;
  for (std::size_t tried = 0; !open.empty() && best.size() < k && tried < most_tried; ++tried) {
    const Ranked one = open.top();
    open.pop();
    const Choice choice = choice_of(one.ranks);
    const bool keeps = std::all_of(limits.begin(), limits.end(), [&](const Limit& limit) {
      return limit.costs.total(choice) <= limit.at_most;
    });
    if (keeps) best.push_back(choice);
    std::size_t last = 0;
    for (std::size_t b = 0; b < one.ranks.size(); ++b) {
      if (one.ranks[b] > 0) last = b;
    }
    for (std::size_t b = last; b < one.ranks.size(); ++b) {
      if (one.ranks[b] + 1 >= order[b].size()) continue;
      Ranked next = one;
      ++next.ranks[b];
      next.score = score_of(scores, choice_of(next.ranks));
      open.push(std::move(next));
    }
  }
  return best;
}

}  // namespace frugal::search
