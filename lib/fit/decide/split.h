// What every decision over the split of compute between model and data starts from.
#pragma once

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

// Every how many draws to decide again: a hundred place a quantile well enough, and each is a search of its
// own.
int draw_stride(const Surface& surface);

// The share of draws of which something holds; without draws, whether it holds of the estimate.
double share_of_draws(const Surface& surface, int count, bool of_estimate);

}  // namespace frugal::fit
