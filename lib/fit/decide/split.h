// What decisions share: deciding again under every draw, and the split of compute between model and data.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "fit/surface/surface.h"

namespace frugal::fit {

struct SizeRange {
  double low, high;  // ln size
};
SizeRange size_range(const Surface& surface);  // the sizes that are looked at

// Errors: UserError where the surface is not one of size and data.
void require_joint(const Surface& surface);

// A run of this size and data, all of it new; other variables as in the largest run.
RunScale split_scale(const Surface& surface, double size, double data);

// A decision (of a draw, or of the estimate), made again under every stride-th draw.
template <class Decide>
Estimate over_draws(const Surface& surface, const Decide& decide, double coverage, int stride = 1) {
  std::vector<double> values;
  for (int draw = 0; draw < surface.draws(); draw += stride) values.push_back(decide(draw));
  return estimate_of(decide(Surface::estimate), std::move(values), coverage);
}

// How much of something a target needs, and whether it can be had.
struct Reach {
  Estimate needed;         // infinite: never
  double probability = 0;  // share of draws that ever get there
  Estimate floor;          // the error with this variable without end
  bool reachable = false;  // by the estimate
};
// needed and floor: of a draw, or of the estimate.
Reach reach_of(const Surface& surface, const std::function<double(int)>& needed,
               const std::function<double(int)>& floor, double coverage);

// Every how many draws to decide again: a hundred place a quantile well enough, and each is a search of its
// own.
int draw_stride(const Surface& surface);

// The share of draws of which something holds; without draws, whether it holds of the estimate.
double share_of_draws(const Surface& surface, int count, bool of_estimate);

}  // namespace frugal::fit
