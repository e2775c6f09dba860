// Which (τ, p, σ) a law is fitted at: a lattice in ln τ, p and ln σ, of which only the likely part is
// visited.
#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <optional>

#include "base/error.h"
#include "fit/posterior/posterior.h"

namespace frugal::fit {
namespace {

// Evidence this far below the best makes no difference.
constexpr double negligible = 4;

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
    const auto best = climb(law);
    if (!best) return;
    const double own = best->second.weight;
    if (own > most_) {
      most_ = own;
      begin_ = best->first;
    }
    if (own < most_ - negligible) return;
    std::map<Place, PosteriorPart> seen{*best};
    std::deque<Place> next{best->first};
    while (!next.empty()) {
      const Place from = next.front();
      next.pop_front();
      for (const Place& to : neighbours(from, 1)) {
        if (seen.contains(to)) continue;
        PosteriorPart part = fit(law, to, {seen.at(from).parameters});
        part.agreement = best->second.agreement;
        const double weight = part.weight;
        seen.emplace(to, std::move(part));
        most_ = std::max(most_, weight);
        if (weight > most_ - negligible) next.push_back(to);
      }
    }
    for (auto& [place, part] : seen)
      if (part.weight > most_ - negligible) parts.push_back(std::move(part));
  }

 private:
  using Found = std::pair<Place, PosteriorPart>;

  const Posterior::CellCovariance& covariance(const Place& place) {
    const auto known = covariances_.find(place);
    if (known != covariances_.end()) return known->second;
    const ErrorModel model{middle * std::exp2(place[0]),
                           posterior_.options_.steepness[static_cast<std::size_t>(place[1])],
                           middle * std::exp2(place[2])};
    return covariances_.emplace(place, posterior_.covariance(model, {})).first->second;
  }

  PosteriorPart fit(const PosteriorLaw& law, const Place& place,
                    const std::vector<std::vector<double>>& starts) {
    const Posterior::CellCovariance& plain = covariance(place);
    PosteriorPart part = posterior_.fit_part(law, plain, starts);
    if (std::isfinite(part.weight)) posterior_.mark_outliers(plain, part);
    return part;
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
  std::optional<Found> climb(const PosteriorLaw& law) {
    std::vector<double> mean(law.size), deviation(law.size);
    law.prior(posterior_.cells_.edge, mean.data(), deviation.data());
    std::vector<std::vector<double>> starts;
    for (const double first : {-1.0, 1.0})
      for (const double second : {-0.7, 0.7}) {
        starts.push_back(mean);
        starts.back()[1] += first * deviation[1];
        starts.back()[2] += second * deviation[2];
      }
    Found best{begin_, fit(law, begin_, starts)};
    const double agreement = best.second.agreement;
    if (!std::isfinite(best.second.weight)) return std::nullopt;
    std::map<Place, double> tried{{best.first, best.second.weight}};
    for (const int step : {3, 1}) {
      for (bool up = true; up;) {
        up = false;
        for (const Place& to : neighbours(best.first, step)) {
          if (tried.contains(to)) continue;
          PosteriorPart part = fit(law, to, {best.second.parameters});
          tried[to] = part.weight;
          if (part.weight > best.second.weight) {
            best = {to, std::move(part)};
            up = true;
          }
        }
      }
    }
    if (best.first != begin_) {  // far from where it began, another minimum may be the better one
      PosteriorPart anew = fit(law, best.first, starts);
      if (anew.weight > best.second.weight) best.second = std::move(anew);
    }
    best.second.agreement = agreement;
    return best;
  }

  const Posterior& posterior_;
  Place begin_{0, 0, 0};                                    // the likeliest one of the laws before
  double most_ = -std::numeric_limits<double>::infinity();  // ln evidence there
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
