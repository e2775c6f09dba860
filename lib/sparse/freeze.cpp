#include "sparse/freeze.h"

#include <cmath>

namespace frugal::sparse {
namespace {

UpdateScheme without(UpdateScheme scheme, std::size_t place) {
  scheme.weights.erase(scheme.weights.begin() + static_cast<std::ptrdiff_t>(place));
  return scheme;
}

class Freezer {
 public:
  Freezer(const ExtraMemory& memory, const std::vector<double>& contribution, const Evaluate& evaluate)
      : memory_(memory), contribution_(contribution), evaluate_(evaluate) {}

  FreezeStep start(const UpdateScheme& scheme) const { return measured(scheme, -1); }

  FreezeStep next(const UpdateScheme& scheme) const {
    return contribution_.empty() ? best_of_all(scheme) : least_contribution(scheme);
  }

 private:
  FreezeStep measured(const UpdateScheme& scheme, std::int64_t frozen) const {
    return {scheme, frozen, memory_.bits(scheme), evaluate_(scheme)};
  }

  double contribution_of(std::int64_t layer) const {
    const auto i = static_cast<std::size_t>(layer);
    return i < contribution_.size() && std::isfinite(contribution_[i]) ? contribution_[i] : 0;
  }

  FreezeStep least_contribution(const UpdateScheme& scheme) const {
    std::size_t least = 0;
    std::int64_t bits = memory_.bits(without(scheme, 0));
    for (std::size_t i = 1; i < scheme.weights.size(); ++i) {
      const double a = contribution_of(scheme.weights[i].layer);
      const double b = contribution_of(scheme.weights[least].layer);
      const std::int64_t left = memory_.bits(without(scheme, i));
      if (a < b || (a == b && left < bits)) {
        least = i;
        bits = left;
      }
    }
    return measured(without(scheme, least), scheme.weights[least].layer);
  }

  FreezeStep best_of_all(const UpdateScheme& scheme) const {
    FreezeStep best = measured(without(scheme, 0), scheme.weights[0].layer);
    for (std::size_t i = 1; i < scheme.weights.size(); ++i) {
      FreezeStep one = measured(without(scheme, i), scheme.weights[i].layer);
      const bool better = one.accuracy > best.accuracy || std::isnan(best.accuracy) ||
                          (one.accuracy == best.accuracy && one.bits < best.bits);
      if (better && !std::isnan(one.accuracy)) best = std::move(one);
    }
    return best;
  }

  const ExtraMemory& memory_;
  const std::vector<double>& contribution_;
  const Evaluate& evaluate_;
};

}  // namespace

FreezeCurve freeze_one_by_one(const ExtraMemory& memory, const UpdateScheme& start,
                              const std::vector<double>& contribution, double threshold,
                              const Evaluate& evaluate) {
  const Freezer freezer(memory, contribution, evaluate);
  FreezeCurve curve;
  curve.steps.push_back(freezer.start(start));
  curve.reached = curve.steps.front().accuracy >= threshold;
  while (curve.reached && !curve.steps.back().scheme.weights.empty()) {
    curve.steps.push_back(freezer.next(curve.steps.back().scheme));
    if (!(curve.steps.back().accuracy >= threshold)) break;
    curve.chosen = curve.steps.size() - 1;
  }
  return curve;
}

}  // namespace frugal::sparse
