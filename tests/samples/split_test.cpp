#include "samples/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/random.h"
#include "support/test.h"

using namespace frugal;
using namespace frugal::samples;

namespace {

std::vector<std::int64_t> uneven_labels(std::size_t count) {
  base::Random random(11, "labels");
  std::vector<std::int64_t> labels;
  for (std::size_t i = 0; i < count; ++i) {
    labels.push_back(static_cast<std::int64_t>(random.below(random.below(10) + 1)));
  }
  return labels;
}

}  // namespace

TEST_CASE("fractions of one seed are nested and balanced; other seeds choose others", "[samples]") {
  const auto labels = uneven_labels(3000);
  std::map<std::int64_t, double> total;
  for (std::int64_t label : labels) total[label] += 1;
  SplitChoice config;
  config.validation = 0.1;
  const auto pool = choose_examples(labels, config, Split::train);
  std::map<std::int64_t, double> in_pool;
  for (std::int64_t i : pool) in_pool[labels[static_cast<std::size_t>(i)]] += 1;

  std::vector<std::int64_t> smaller;
  for (double fraction : {0.0001, 0.001, 0.01, 0.03, 0.25, 0.5, 0.9, 1.0}) {
    config.fraction = fraction;
    const auto chosen = choose_examples(labels, config, Split::train);
    const double expected = std::max(1.0, std::round(fraction * static_cast<double>(pool.size())));
    REQUIRE(static_cast<double>(chosen.size()) == expected);
    REQUIRE(std::is_sorted(chosen.begin(), chosen.end()));
    REQUIRE(std::includes(chosen.begin(), chosen.end(), smaller.begin(), smaller.end()));
    std::map<std::int64_t, double> count;
    for (std::int64_t i : chosen) count[labels[static_cast<std::size_t>(i)]] += 1;
    const double share = static_cast<double>(chosen.size()) / static_cast<double>(pool.size());
    for (const auto& [label, n] : in_pool) REQUIRE(std::abs(count[label] - n * share) < 1.5);
    smaller = chosen;
  }
  config.fraction = 0.25;
  const auto first = choose_examples(labels, config, Split::train);
  config.seed = 1;
  REQUIRE(choose_examples(labels, config, Split::train) != first);
}

TEST_CASE("validation and training examples are disjoint and together all", "[samples]") {
  const auto labels = uneven_labels(1001);
  for (double share : {0.05, 0.3}) {
    for (std::uint64_t seed : {0, 5}) {
      SplitChoice config;
      config.validation = share;
      config.seed = seed;
      const auto held_out = choose_examples(labels, config, Split::validation);
      const auto train = choose_examples(labels, config, Split::train);
      REQUIRE(held_out.size() == static_cast<std::size_t>(std::llround(share * 1001)));
      std::set<std::int64_t> all(held_out.begin(), held_out.end());
      all.insert(train.begin(), train.end());
      REQUIRE(all.size() == 1001);
      REQUIRE(held_out.size() + train.size() == 1001);
      config.fraction = 0.1;  // a smaller training share leaves validation as it is
      REQUIRE(choose_examples(labels, config, Split::validation) == held_out);
    }
  }
}
