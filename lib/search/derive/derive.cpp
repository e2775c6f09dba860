#include "search/derive/derive.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace frugal::search {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t most_states = 20'000'000;

struct Candidate {
  std::size_t index = 0;
  double value = 0;
  std::vector<double> cost;  // of the additive limits
};

// Dominated by another candidate of its block: it can stand in no best network (the first of equals stays).
void drop_dominated(std::vector<Candidate>& block) {
  const auto dominates = [](const Candidate& a, const Candidate& b) {
    if (a.value < b.value) return false;
    bool equal = a.value == b.value;
    for (std::size_t m = 0; m < a.cost.size(); ++m) {
      if (a.cost[m] > b.cost[m]) return false;
      equal = equal && a.cost[m] == b.cost[m];
    }
    return !equal || a.index < b.index;
  };
  const std::vector<Candidate> all = block;
  block.clear();
  for (const Candidate& one : all) {
    const bool dominated =
        std::any_of(all.begin(), all.end(), [&](const Candidate& other) { return dominates(other, one); });
    if (!dominated) block.push_back(one);
  }
}

class Knapsack {
 public:
  Knapsack(const BlockScores& scores, const std::vector<Limit>& limits) {
    for (const Limit& limit : limits) {
      if (!limit.costs.peak) {
        limit_.push_back(limit.at_most);
        fixed_.push_back(limit.costs.fixed);
      } else if (limit.costs.fixed > limit.at_most) {
        possible_ = false;
      }
    }
    for (std::size_t b = 0; b < scores.size(); ++b) {
      std::vector<Candidate> block;
      for (std::size_t i = 0; i < scores[b].size(); ++i) {
        Candidate one{i, scores[b][i], {}};
        bool fits = true;
        for (const Limit& limit : limits) {
          if (limit.costs.peak) {
            fits = fits && limit.costs.of[b][i] <= limit.at_most;
          } else {
            one.cost.push_back(limit.costs.of[b][i]);
          }
        }
        if (fits) block.push_back(std::move(one));
      }
      drop_dominated(block);
      possible_ = possible_ && !block.empty();
      blocks_.push_back(std::move(block));
    }
    if (possible_) bound();
  }

  // The best; `floor` is a value that some network is known to reach (−∞ where none is known).
  std::optional<Choice> solve(double floor) {
    if (!possible_) return std::nullopt;
    const auto beam = search(512, floor);
    if (beam) floor = std::max(floor, value_of(*beam));
    return search(most_states, floor);
  }

 private:
  struct State {
    double value = 0;
    std::size_t parent = 0;
    std::size_t candidate = 0;  // within blocks_[level]
  };

  std::size_t metrics() const { return limit_.size(); }

  double value_of(const Choice& choice) const {
    double value = 0;
    for (std::size_t b = 0; b < choice.size(); ++b) {
      for (const Candidate& one : blocks_[b]) value += one.index == choice[b] ? one.value : 0;
    }
    return value;
  }

  // Least cost of the blocks from b on, and the bounds' sums for a set of multipliers on the way of a
  // subgradient descent of the Lagrangian dual.
  void bound() {
    const std::size_t count = blocks_.size();
    least_.assign(metrics(), std::vector<double>(count + 1, 0));
    for (std::size_t m = 0; m < metrics(); ++m) {
      for (std::size_t b = count; b-- > 0;) {
        double least = infinity;
        for (const Candidate& one : blocks_[b]) least = std::min(least, one.cost[m]);
        least_[m][b] = least_[m][b + 1] + least;
      }
    }
    std::vector<double> lambda(metrics(), 0);
    for (int step = 0; step < 60; ++step) {
      std::vector<double> suffix(count + 1, 0), total = fixed_;
      for (std::size_t b = count; b-- > 0;) {
        double best = -infinity;
        const Candidate* chosen = nullptr;
        for (const Candidate& one : blocks_[b]) {
          double value = one.value;
          for (std::size_t m = 0; m < metrics(); ++m) value -= lambda[m] * one.cost[m];
          if (value > best) best = value, chosen = &one;
        }
        FRUGAL_ASSERT(chosen != nullptr, "a block without a candidate of finite value");
        suffix[b] = suffix[b + 1] + best;
        for (std::size_t m = 0; m < metrics(); ++m) total[m] += chosen->cost[m];
      }
      multipliers_.push_back(lambda);
      suffixes_.push_back(std::move(suffix));
      // Steps in units of value per unit of the limit, halved as the descent goes on.
      const double size = 4.0 / (1 + 0.5 * step);
      for (std::size_t m = 0; m < metrics(); ++m) {
        const double scale = std::max(std::abs(limit_[m]), 1e-12);
        lambda[m] = std::max(0.0, lambda[m] + size * (total[m] - limit_[m]) / (scale * scale) *
                                                  std::max(1.0, static_cast<double>(count)));
      }
    }
  }

  double upper_bound(double value, const double* cost, std::size_t level) const {
    double bound = infinity;
    for (std::size_t k = 0; k < multipliers_.size(); ++k) {
      double one = value + suffixes_[k][level];
      for (std::size_t m = 0; m < metrics(); ++m) one += multipliers_[k][m] * (limit_[m] - cost[m]);
      bound = std::min(bound, one);
    }
    return bound;
  }

  // A slack for the different order of summation in bounds; the limits themselves are checked exactly at the
  // end, on the sum in block order.
  bool may_fit(const double* cost, std::size_t level) const {
    for (std::size_t m = 0; m < metrics(); ++m) {
      const double slack = level == blocks_.size() ? 0 : 1e-9 * std::max(1.0, std::abs(limit_[m]));
      if (cost[m] + least_[m][level] > limit_[m] + slack) return false;
    }
    return true;
  }

  std::optional<Choice> search(std::size_t width, double floor) const {
    const std::size_t width_m = metrics();
    std::vector<std::vector<State>> levels{{State{}}};
    std::vector<double> costs = fixed_;
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      std::vector<State> next;
      std::vector<double> next_costs, bounds;
      std::vector<double> cost(width_m);
      for (std::size_t s = 0; s < levels[b].size(); ++s) {
        for (std::size_t i = 0; i < blocks_[b].size(); ++i) {
          const Candidate& one = blocks_[b][i];
          const double value = levels[b][s].value + one.value;
          for (std::size_t m = 0; m < width_m; ++m) cost[m] = costs[s * width_m + m] + one.cost[m];
          if (!may_fit(cost.data(), b + 1)) continue;
          const double bound = upper_bound(value, cost.data(), b + 1);
          if (bound < floor - 1e-9 * std::max(1.0, std::abs(floor))) continue;
          next.push_back({value, s, i});
          next_costs.insert(next_costs.end(), cost.begin(), cost.end());
          bounds.push_back(bound);
        }
        if (next.size() > most_states) {
          throw base::Failure("the exact search under these limits needs too much memory",
                              "loosen a limit, or give fewer of them");
        }
      }
      keep_best(next, next_costs, bounds, width);
      if (next.empty()) return std::nullopt;
      levels.push_back(std::move(next));
      costs = std::move(next_costs);
    }
    // Sorted by cost, so the first of the best is also the cheapest of them.
    std::size_t best = 0;
    for (std::size_t s = 1; s < levels.back().size(); ++s) {
      if (levels.back()[s].value > levels.back()[best].value) best = s;
    }
    Choice choice(blocks_.size());
    for (std::size_t b = blocks_.size(); b-- > 0;) {
      const State& state = levels[b + 1][best];
      choice[b] = blocks_[b][state.candidate].index;
      best = state.parent;
    }
    return choice;
  }

  // Drops dominated states, sorts by cost, and for a beam keeps those with the highest bounds.
  void keep_best(std::vector<State>& states, std::vector<double>& costs, const std::vector<double>& bounds,
                 std::size_t width) const {
    const std::size_t width_m = metrics();
    std::vector<std::size_t> order(states.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    if (order.size() > width) {
      std::stable_sort(order.begin(), order.end(),
                       [&](std::size_t a, std::size_t b) { return bounds[a] > bounds[b]; });
      order.resize(width);
    }
    const auto cost = [&](std::size_t state, std::size_t m) { return costs[state * width_m + m]; };
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      for (std::size_t m = 0; m < width_m; ++m) {
        if (cost(a, m) != cost(b, m)) return cost(a, m) < cost(b, m);
      }
      return states[a].value != states[b].value ? states[a].value > states[b].value : a < b;
    });
    std::vector<std::size_t> kept;
    double best = -infinity;
    for (const std::size_t one : order) {
      bool dominated = false;
      if (width_m <= 1) {  // sorted: whoever is no better than the best before it is dominated
        dominated = states[one].value <= best;
        best = std::max(best, states[one].value);
      } else {  // sound however many of the kept ones are looked at
        const std::size_t window = kept.size() < 4096 ? kept.size() : 512;
        for (std::size_t k = 0; k < window && !dominated; ++k) {
          const std::size_t other = kept[kept.size() - 1 - k];
          dominated = states[other].value >= states[one].value;
          for (std::size_t m = 1; m < width_m && dominated; ++m) {
            dominated = cost(other, m) <= cost(one, m);
          }
        }
      }
      if (!dominated) kept.push_back(one);
    }
    std::vector<State> kept_states;
    std::vector<double> kept_costs;
    for (const std::size_t one : kept) {
      kept_states.push_back(states[one]);
      for (std::size_t m = 0; m < width_m; ++m) kept_costs.push_back(cost(one, m));
    }
    states = std::move(kept_states);
    costs = std::move(kept_costs);
  }

  bool possible_ = true;
  std::vector<double> limit_, fixed_;
  std::vector<std::vector<Candidate>> blocks_;
  std::vector<std::vector<double>> least_;        // [metric][block]: of the blocks from there on
  std::vector<std::vector<double>> multipliers_;  // λ
  std::vector<std::vector<double>> suffixes_;     // [λ][block]
};

}  // namespace

BlockScores log_softmax(const std::vector<std::vector<double>>& alpha) {
  BlockScores scores = alpha;
  for (auto& block : scores) {
    const double highest = *std::max_element(block.begin(), block.end());
    double sum = 0;
    for (const double a : block) sum += std::exp(a - highest);
    for (double& a : block) a -= highest + std::log(sum);
  }
  return scores;
}

Choice most_probable(const BlockScores& scores) {
  Choice choice;
  for (const auto& block : scores) {
    choice.push_back(static_cast<std::size_t>(std::max_element(block.begin(), block.end()) - block.begin()));
  }
  return choice;
}

double score_of(const BlockScores& scores, const Choice& choice) {
  double score = 0;
  for (std::size_t b = 0; b < choice.size(); ++b) score += scores[b][choice[b]];
  return score;
}

void check_finite(const BlockScores& scores) {
  for (std::size_t b = 0; b < scores.size(); ++b) {
    for (std::size_t i = 0; i < scores[b].size(); ++i) {
      if (std::isfinite(scores[b][i])) continue;
      throw base::Failure(
          fmt::format("block {}: the log-probability of candidate {} is {}", b, i, scores[b][i]),
          "the search that gave it has diverged; try a lower strategy.lr");
    }
  }
}

std::optional<Choice> best_within(const BlockScores& scores, const std::vector<Limit>& limits) {
  check_finite(scores);
  return Knapsack(scores, limits).solve(-infinity);
}

std::optional<Choice> cheapest_within(const BlockScores& scores, const BlockCosts& costs, double slack,
                                      const std::vector<Limit>& limits) {
  FRUGAL_ASSERT(!costs.peak, "a peak has no sum over blocks");
  const std::optional<Choice> best = best_within(scores, limits);
  if (!best) return std::nullopt;
  // The same knapsack with its two sides exchanged: value is what is saved, and probability is what is spent.
  Limit spent{"nats", {}, slack};
  BlockScores saved;
  for (std::size_t b = 0; b < scores.size(); ++b) {
    const double most = *std::max_element(scores[b].begin(), scores[b].end());
    spent.at_most += most - scores[b][(*best)[b]];
    spent.costs.of.emplace_back();
    saved.emplace_back();
    for (std::size_t i = 0; i < scores[b].size(); ++i) {
      spent.costs.of[b].push_back(most - scores[b][i]);
      saved[b].push_back(-costs.of[b][i]);
    }
  }
  std::vector<Limit> all{spent};  // first: of equals best_within takes the one that spends least of it
  all.insert(all.end(), limits.begin(), limits.end());
  return best_within(saved, all);
}

Unreachable nearest_to(const BlockScores& scores, const std::vector<Limit>& limits) {
  const BlockScores even = [&] {
    BlockScores zero = scores;
    for (auto& block : zero) std::fill(block.begin(), block.end(), 0.0);
    return zero;
  }();
  Unreachable result;
  for (const Limit& limit : limits) {
    const double least = limit.costs.least();
    if (least <= limit.at_most) continue;
    result.why += fmt::format("{}{} can be no less than {:.6g} in this space, the limit is {:.6g}",
                              result.why.empty() ? "" : "; ", limit.name, least, limit.at_most);
  }
  if (result.why.empty()) result.why = "each limit can be met alone, but not all at once";
  const auto stretched = [&](double factor) {
    std::vector<Limit> wider = limits;
    for (Limit& limit : wider) limit.at_most *= factor;
    return wider;
  };
  const auto reachable = [&](double factor) {
    return Knapsack(even, stretched(factor)).solve(0).has_value();
  };
  double low = 1, high = 2;
  while (!reachable(high) && high < 1e12) low = high, high *= 2;
  for (int i = 0; i < 60 && high - low > 1e-9 * high; ++i) {
    const double middle = (low + high) / 2;
    (reachable(middle) ? high : low) = middle;
  }
  const auto nearest = best_within(scores, stretched(high));
  if (nearest) {
    result.nearest = *nearest;
    for (const Limit& limit : limits) {
      result.excess = std::max(result.excess, limit.costs.total(*nearest) / limit.at_most - 1);
    }
  }
  return result;
}

Choice derive(const BlockScores& scores, const std::vector<Limit>& limits, const std::string& place) {
  if (const auto choice = best_within(scores, limits)) return *choice;
  const Unreachable unreachable = nearest_to(scores, limits);
  std::string nearest;
  if (!unreachable.nearest.empty()) {
    nearest = fmt::format("the nearest that can be reached is {:.2f} % over:", 100 * unreachable.excess);
    for (const Limit& limit : limits) {
      nearest += fmt::format(" {} {:.6g}", limit.name, limit.costs.total(unreachable.nearest));
    }
    nearest += "; candidates";
    for (const std::size_t i : unreachable.nearest) nearest += fmt::format(" {}", i);
  }
  throw base::UserError(place, "no network of the space keeps the limits: " + unreachable.why, nearest);
}

}  // namespace frugal::search
