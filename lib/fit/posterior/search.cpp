// Which (τ, p, σ) a law is fitted at: a lattice in ln τ, p and ln σ, of which only the likely part is
// visited.
#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "fit/posterior/posterior.h"

namespace frugal::fit {
namespace {

// Evidence this far below the best makes no difference.
constexpr double negligible = 4;
// How far a guess of the evidence may be off.
constexpr double doubt = 6;

// The lattice: τ and σ double from one place to the next.
using Place = std::array<int, 3>;  // of τ, p, σ
constexpr double middle = 0.008;
constexpr int lowest = -10, highest = 6;  // 8e-6 to 0.5

}  // namespace

class Search {
 public:
  explicit Search(const Posterior& posterior) : posterior_(posterior) {}

  // Appends every likely part of the law.
  void explore(const PosteriorLaw& law, std::vector<PosteriorPart>& parts) {
    seen_.clear();
    const auto best = climb(law);
    if (!best) return;
    const double own = seen_.at(*best).weight, agreement = seen_.at(*best).agreement;
    if (own > most_) {
      most_ = own;
      begin_ = *best;
    }
    if (own < most_ - negligible) return;
    std::set<Place> reached{*best};
    std::deque<Step> next{{*best, *best}};
    while (!next.empty()) {
      const Step step = next.front();
      next.pop_front();
      for (const Place& to : neighbours(step.to, 1)) {
        if (!reached.insert(to).second) continue;
        if (!seen_.contains(to)) {
          if (expected(step, to) < most_ - negligible - doubt) continue;
          fit(law, to, {seen_.at(step.to).parameters});
        }
        const double weight = seen_.at(to).weight;
        most_ = std::max(most_, weight);
        if (weight > most_ - negligible) next.push_back({step.to, to});
      }
    }
    for (auto& [place, part] : seen_) {
      if (part.weight < most_ - negligible) continue;
      part.agreement = agreement;
      parts.push_back(std::move(part));
    }
  }

 private:
  struct Step {
    Place from, to;
  };

  // ln evidence one step further, as if what this step costs did not depend on the last one; infinite where
  // nothing is known.
  double expected(const Step& last, const Place& to) const {
    Place beside = last.from;
    for (std::size_t axis = 0; axis < 3; ++axis) beside[axis] += to[axis] - last.to[axis];
    const auto known = seen_.find(beside);
    if (last.from == last.to || known == seen_.end()) return std::numeric_limits<double>::infinity();
    return seen_.at(last.to).weight + known->second.weight - seen_.at(last.from).weight;
  }

  const Posterior::CellCovariance& covariance(const Place& place) {
    const auto known = covariances_.find(place);
    if (known != covariances_.end()) return known->second;
    const ErrorModel model{middle * std::exp2(place[0]),
                           posterior_.options_.steepness[static_cast<std::size_t>(place[1])],
                           middle * std::exp2(place[2])};
    return covariances_.emplace(place, posterior_.with_inverse(model, {})).first->second;
  }

  const PosteriorPart& fit(const PosteriorLaw& law, const Place& place,
                           const std::vector<std::vector<double>>& starts) {
    const Posterior::CellCovariance& plain = covariance(place);
    PosteriorPart part = posterior_.fit_part(law, plain, starts);
    if (std::isfinite(part.weight)) posterior_.mark_outliers(plain, part, most_ - negligible);
    return seen_[place] = std::move(part);
  }

  std::vector<Place> neighbours(const Place& place, int step) const {
    std::vector<Place> result;
    for (const std::size_t axis : {0, 1, 2})
      for (const int way : {-1, 1}) {
        Place to = place;
        to[axis] += axis == 1 ? way : way * step;
        const bool inside = axis == 1
                                ? to[1] >= 0 && to[1] < static_cast<int>(posterior_.options_.steepness.size())
                                : to[axis] >= lowest && to[axis] <= highest;
        if (inside) result.push_back(to);
      }
    return result;
  }

  // The likeliest place that uphill steps lead to, long ones first.
  std::optional<Place> climb(const PosteriorLaw& law) {
    std::vector<double> mean(law.size), deviation(law.size);
    law.prior(posterior_.cells_.edge, mean.data(), deviation.data());
    std::vector<std::vector<double>> starts;
    for (const double first : {-1.0, 1.0})
      for (const double second : {-0.7, 0.7}) {
        starts.push_back(mean);
        starts.back()[1] += first * deviation[1];
        starts.back()[2] += second * deviation[2];
      }
    Place best = begin_;
    const double agreement = fit(law, best, starts).agreement;
    if (!std::isfinite(seen_.at(best).weight)) return std::nullopt;
    for (const int step : {3, 1}) {
      for (bool up = true; up;) {
        up = false;
        for (const Place& to : neighbours(best, step)) {
          if (seen_.contains(to)) continue;
          if (fit(law, to, {seen_.at(best).parameters}).weight > seen_.at(best).weight) {
            best = to;
            up = true;
          }
        }
      }
    }
    if (best != begin_) {  // far from where it began, another minimum may be the better one
      PosteriorPart before = seen_.at(best);
      if (!(fit(law, best, starts).weight > before.weight)) seen_[best] = std::move(before);
    }
    seen_[best].agreement = agreement;
    return best;
  }

  const Posterior& posterior_;
  Place begin_{0, 0, 0};                                    // the likeliest one of the laws before
  double most_ = -std::numeric_limits<double>::infinity();  // ln evidence there
  std::map<Place, PosteriorPart> seen_;                     // of one law
  std::map<Place, Posterior::CellCovariance> covariances_;
};

Posterior Posterior::fit(const Runs& runs, const PosteriorOptions& options) {
  Posterior posterior(runs, options);
  Search search(posterior);
  std::vector<PosteriorPart> parts;
  for (const std::string& name : options.laws) {
    const PosteriorLaw* law = find_posterior_law(name);
    FRUGAL_ASSERT(law != nullptr, "a law of the table");
    search.explore(*law, parts);
  }
  if (parts.empty()) throw base::Failure("no law could be fitted to these runs");
  posterior.keep_likeliest(std::move(parts));
  posterior.make_ready();
  return posterior;
}

}  // namespace frugal::fit
