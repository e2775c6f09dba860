#include "fit/decide/split.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace frugal::fit {

SizeRange size_range(const Surface& surface) {
  return {std::log(surface.smallest().size) - std::log(1e4),
          std::log(surface.largest().size) + std::log(1e8)};
}

void require_joint(const Surface& surface) {
  if (!surface.is_joint()) {
    throw base::UserError("",
                          "a split between model and data needs a law of both; this one ('" +
                              surface.law_name + "') knows only " + surface.variables().front(),
                          "fit runs of several sizes and several amounts of data");
  }
}

RunScale split_scale(const Surface& surface, double size, double data) {
  RunScale scale = surface.largest();
  scale.size = size;
  scale.set_new_data(data);
  return scale;
}

int draw_stride(const Surface& surface) { return std::max(1, surface.draws() / 100); }

Reach reach_of(const Surface& surface, const std::function<double(int)>& needed,
               const std::function<double(int)>& floor, double coverage) {
  Reach reach;
  int reached = 0;
  const auto counted = [&](int draw) {
    const double amount = needed(draw);
    if (draw == Surface::estimate) {
      reach.reachable = std::isfinite(amount);
    } else {
      reached += std::isfinite(amount) ? 1 : 0;
    }
    return amount;
  };
  reach.needed = over_draws(surface, counted, coverage);
  reach.floor = over_draws(surface, floor, coverage);
  reach.probability = share_of_draws(surface, reached, reach.reachable);
  return reach;
}

double share_of_draws(const Surface& surface, int count, bool of_estimate) {
  if (surface.draws() == 0) return of_estimate ? 1 : 0;
  return static_cast<double>(count) / surface.draws();
}

}  // namespace frugal::fit
