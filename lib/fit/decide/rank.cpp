#include "fit/decide/rank.h"

#include <algorithm>
#include <numeric>

#include "base/random.h"

namespace frugal::fit {

std::vector<Ranked> rank_systems(const std::vector<const Surface*>& systems, const std::vector<RunScale>& at,
                                 double coverage, std::uint64_t seed) {
  constexpr int samples = 4000;
  const std::size_t count = systems.size();
  std::vector<Ranked> out(count);
  std::vector<std::vector<double>> draws(count);
  for (std::size_t s = 0; s < count; ++s) {
    out[s].error = systems[s]->predict(at[s], coverage);
    for (int d = 0; d < systems[s]->draws(); ++d) draws[s].push_back(systems[s]->error(at[s], d, true));
    if (draws[s].empty()) draws[s] = {out[s].error.value};
  }
  base::Random random(seed, "fit/rank");
  std::vector<double> drawn(count);
  std::vector<std::size_t> order(count);
  for (int i = 0; i < samples; ++i) {
    for (std::size_t s = 0; s < count; ++s) drawn[s] = draws[s][random.below(draws[s].size())];
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return drawn[a] < drawn[b]; });
    out[order[0]].probability_best += 1;
    for (std::size_t r = 0; r < count; ++r) out[order[r]].mean_rank += double(r + 1);
  }
  for (Ranked& one : out) {
    one.probability_best /= samples;
    one.mean_rank /= samples;
  }
  return out;
}

}  // namespace frugal::fit
