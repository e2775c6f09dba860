// From a distribution over paths to one network: the most probable path of every block (the paper's
// path-level pruning), or the most probable network under hard limits, several at once.
//
// Under limits this is a multiple-choice knapsack with several real-valued constraints:
//   max Σ_b log p_b(i_b)   subject to   fixed_m + Σ_b cost_m(b, i_b) ≤ limit_m   for each m,
// solved exactly by dynamic programming over the blocks. States that another state dominates (no costlier in
// any respect, no less probable) are dropped, and so are those that provably cannot reach the best known
// network: the Lagrangian bound
//   v + Σ_m λ_m (limit_m − c_m) + Σ_{later blocks} max_i (log p − Σ_m λ_m cost_m)
// holds for every λ ≥ 0, and is nearly tight at the multipliers that a subgradient descent finds. A peak
// (SRAM) is not a sum but a maximum: it filters candidates block by block beforehand.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "search/cost/cost.h"
#include "search/space/space.h"

namespace frugal::search {

using BlockScores = std::vector<std::vector<double>>;  // log-probability [block][candidate]

BlockScores log_softmax(const std::vector<std::vector<double>>& alpha);
Choice most_probable(const BlockScores& scores);  // the first of equals
double score_of(const BlockScores& scores, const Choice& choice);
void check_finite(const BlockScores& scores);  // Failure naming the block where one is not a finite number

struct Limit {
  std::string name;  // "latency_ms"
  BlockCosts costs;
  double at_most = 0;
};

// The best choice that keeps every limit; null where there is none. One input gives one output, also among
// equals. Throws Failure where a score is not finite, and where the exact search would need more than some
// gigabytes (never seen with limits that leave the 141 operations of the paper's space open).
std::optional<Choice> best_within(const BlockScores& scores, const std::vector<Limit>& limits);

// The other way round: the choice of least cost among those that keep the limits and whose log-probability is
// at most `slack` below that of the best of them; of equals the more probable. So the same accuracy, as far
// as the scores tell it, has its fastest network on every device. `costs` must be a sum, no peak. Null where
// no choice keeps the limits.
std::optional<Choice> cheapest_within(const BlockScores& scores, const BlockCosts& costs, double slack,
                                      const std::vector<Limit>& limits);

struct Unreachable {
  std::string why;    // which limits cannot be met, alone or together, and by how much
  Choice nearest;     // least relative excess over the worst limit; the most probable of those
  double excess = 0;  // 0.07: the worst limit is passed by 7 %
};
Unreachable nearest_to(const BlockScores& scores, const std::vector<Limit>& limits);

// best_within, or a UserError that says why not and which network comes nearest.
Choice derive(const BlockScores& scores, const std::vector<Limit>& limits, const std::string& place);

}  // namespace frugal::search
