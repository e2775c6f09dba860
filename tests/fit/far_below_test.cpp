// Runs that are far better than the others say are named; others are not.
#include "fit/command/far_below.h"

#include <cmath>

#include "base/random.h"
#include "fit/law/law.h"
#include "support/test.h"

using namespace frugal;

namespace {

// Six sizes by four amounts of data from a law of the table, 0.3 % of noise; row 4 i + j.
fit::Runs grid(const std::string& law_name, const std::vector<double>& theta, std::uint64_t seed) {
  fit::Runs runs;
  std::vector<double> size, data;
  for (int i = 0; i < 6; ++i)
    for (int j = 0; j < 4; ++j) {
      size.push_back(2e7 * std::pow(2.5, i));
      data.push_back(1e9 * std::pow(4.0, j));
    }
  runs.set_column("size", size);
  runs.set_column("data", data);
  runs.y.assign(size.size(), 1);
  runs.y = fit::predict(*fit::find_law(law_name), theta, runs);
  base::Random random(seed);
  for (double& y : runs.y) y *= std::exp(0.003 * random.normal());
  return runs;
}

fit::Runs plain() { return grid("chinchilla", {1.69, 406.4, 410.7, 0.34, 0.28}, 1); }

using Rows = std::vector<std::size_t>;

}  // namespace

TEST_CASE("a run that is far too good is named, and two neighbours are") {
  fit::Runs runs = plain();
  CHECK(fit::far_below(runs).empty());
  runs.y[14] *= 0.9;
  CHECK(fit::far_below(runs) == Rows{14});
  runs.y[13] *= 0.9;
  CHECK(fit::far_below(runs) == Rows{13, 14});
  fit::Runs largest = plain();
  largest.y[23] *= 0.85;
  CHECK(fit::far_below(largest) == Rows{23});
}

TEST_CASE("a run that is too bad, a small gap, many low runs and few runs name none") {
  fit::Runs high = plain();
  high.y[14] *= 1.1;
  CHECK(fit::far_below(high).empty());
  fit::Runs near = plain();
  near.y[14] *= 0.985;
  CHECK(fit::far_below(near).empty());
  fit::Runs many = plain();
  for (const std::size_t i : {2, 9, 16}) many.y[i] *= 0.9;
  CHECK(fit::far_below(many).empty());
  fit::Runs few = plain();
  few.y[8] *= 0.9;
  Rows rows;
  for (std::size_t i = 0; i < 11; ++i) rows.push_back(i);
  CHECK(fit::far_below(few.select(rows)).empty());
}

TEST_CASE("runs of another law are not taken for too good ones") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    CHECK(fit::far_below(grid("kaplan", {8.8e13, 5.4e13, 0.076, 0.095}, seed)).empty());
    CHECK(fit::far_below(grid("overtraining", {1.7, 60, 70, 0.2}, seed)).empty());
  }
}
