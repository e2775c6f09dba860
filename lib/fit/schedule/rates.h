// The learning rate of a run by its step, as straight lines between knots, and the two areas of the annealing
// law (Tissue et al. 2024, arXiv 2408.11029), in closed form from knot to knot:
//   S1(s) = sum of the rates of steps 1 to s
//   S2(s) = sum of m(1) to m(s), m(i) = lambda m(i-1) + rate(i-1) - rate(i), lambda = exp(-1/memory)
// m is a momentum of how far the rate came down: what annealing gains takes about `memory` steps to show. A
// warm-up (the rise to the first peak) counts in S1, and is no negative annealing.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace frugal::fit {

struct Knot {
  double step = 0, rate = 0;
};

class Rates {
 public:
  Rates() = default;
  // Steps rise, rates are >= 0, there is at least one. Before the first knot a rate that goes on rising rises
  // from where the line through the first two knots says (no lower than 0); any other is as at the first
  // knot.
  explicit Rates(std::vector<Knot> knots);

  const std::vector<Knot>& knots() const { return knots_; }  // from step 0
  double end() const { return knots_.back().step; }
  double peak() const;
  double at(double step) const;
  double warmup_end() const {
    return knots_[peak_knot_].step;
  }  // the first step from which the rate does not rise
  // Whether the rate falls or rises after the warm-up, by more than rounding.
  bool changes() const;

  // At each of the steps, which rise and lie within 0 … end().
  std::vector<double> areas(std::span<const double> steps) const;
  std::vector<double> annealed(std::span<const double> steps, double memory) const;

  // The same to within `tolerance` of the peak rate, with a knot only where one is needed and at each of
  // `steps`.
  Rates simplified(std::span<const double> steps, double tolerance) const;

 private:
  std::vector<Knot> knots_;
  std::size_t peak_knot_ = 0;
};

}  // namespace frugal::fit
