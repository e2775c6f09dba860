// Seconds for the work that a user waits for: 240 runs, a global Huber fit of the chinchilla law, and 1,000
// bootstrap refits, on one core. Prints one JSON object. Not a test: timings live here.
// With a file name as the argument it writes the 240 runs as CSV instead, for another program to fit.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "base/random.h"
#include "fit/law/uncertainty.h"

using namespace frugal;

namespace {

fit::Runs runs_240() {
  base::Random random(1);
  std::vector<double> size, data;
  fit::Runs points;
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 15; ++j) {
      size.push_back(5e7 * std::pow(1.42, i));
      data.push_back(5e8 * std::pow(1.55, j));
      points.y.push_back((1.82 + 482 * std::pow(size.back(), -0.348) + 2085 * std::pow(data.back(), -0.366)) *
                         std::exp(0.01 * random.normal()));
    }
  points.set_column("size", size);
  points.set_column("data", data);
  return points;
}

// Of processor time: one thread works, and others on the machine shall not count.
double seconds_since(std::clock_t start) { return double(std::clock() - start) / CLOCKS_PER_SEC; }

}  // namespace

int main(int argc, char** argv) {
  const fit::Runs points = runs_240();
  if (argc == 2) {
    std::FILE* file = std::fopen(argv[1], "w");
    if (!file) return std::perror(argv[1]), 1;
    std::fprintf(file, "size,data,loss\n");
    for (std::size_t i = 0; i < points.count(); ++i)
      std::fprintf(file, "%.17g,%.17g,%.17g\n", points.columns[0][i], points.columns[1][i], points.y[i]);
    return std::fclose(file);
  }
  const auto law = fit::find_law("chinchilla");
  std::vector<double> totals, fits, refits;
  fit::FitResult result;
  int failed = 0;
  for (int repeat = 0; repeat < 7; ++repeat) {
    const std::clock_t start = std::clock();
    fit::FitOptions options;
    options.seed = std::uint64_t(repeat);
    result = fit::fit(*law, points, options);
    fits.push_back(seconds_since(start));
    const std::clock_t again = std::clock();
    failed += fit::bootstrap(*law, points, result, options, {}).failed;
    refits.push_back(seconds_since(again));
    totals.push_back(fits.back() + refits.back());
  }
  for (auto* times : {&totals, &fits, &refits}) std::sort(times->begin(), times->end());
  std::printf(
      "{\"value\": %.6g, \"fit_seconds\": %.6g, \"refit_seconds\": %.6g, \"objective\": %.15g, "
      "\"refits\": 1000, \"failed\": %.3g, \"repeats\": 7}\n",
      totals[3], fits[3], refits[3], result.objective, failed / 7.0);
  return 0;
}
