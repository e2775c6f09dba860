// The k most probable networks, against sorting all of them.
#include "search/derive/k_best.h"

#include <algorithm>

#include "base/random.h"
#include "support/test.h"

using namespace frugal;
using namespace frugal::search;

namespace {

std::vector<Choice> all_choices(const BlockScores& scores) {
  std::vector<Choice> choices = {{}};
  for (const auto& block : scores) {
    std::vector<Choice> longer;
    for (const Choice& choice : choices) {
      for (std::size_t i = 0; i < block.size(); ++i) {
        longer.push_back(choice);
        longer.back().push_back(i);
      }
    }
    choices = std::move(longer);
  }
  return choices;
}

}  // namespace

TEST_CASE("The k most probable networks are those that sorting all of them gives", "[search]") {
  base::Random random(GENERATE(1, 2, 3), "test");
  BlockScores alpha;
  Limit limit{"cost", {}, 0};
  for (const std::size_t count : {3, 1, 4, 2, 3}) {
    alpha.emplace_back();
    limit.costs.of.emplace_back();
    for (std::size_t i = 0; i < count; ++i) {
      alpha.back().push_back(random.normal());
      limit.costs.of.back().push_back(3 * random.uniform());
    }
  }
  const BlockScores scores = log_softmax(alpha);
  const bool limited = GENERATE(false, true);
  std::vector<double> costs;
  for (const Choice& choice : all_choices(scores)) costs.push_back(limit.costs.total(choice));
  std::nth_element(costs.begin(), costs.begin() + 30, costs.end());
  limit.at_most = costs[30];
  const std::vector<Limit> limits = limited ? std::vector{limit} : std::vector<Limit>{};
  std::vector<Choice> sorted;
  for (const Choice& choice : all_choices(scores)) {
    if (!limited || limit.costs.total(choice) <= limit.at_most) sorted.push_back(choice);
  }
  std::sort(sorted.begin(), sorted.end(),
            [&](const Choice& a, const Choice& b) { return score_of(scores, a) > score_of(scores, b); });
  REQUIRE(sorted.size() > 10);
  REQUIRE((limited ? sorted.size() < 72 : sorted.size() == 72));
  CHECK(k_most_probable(scores, limits, 7) == std::vector<Choice>(sorted.begin(), sorted.begin() + 7));
  CHECK(k_most_probable(scores, limits, 1000) == sorted);
  CHECK(k_most_probable(scores, {}, 1).front() == most_probable(scores));
}
