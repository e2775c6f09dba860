// The exact search under limits against trying every network of small random spaces, the most probable path,
// and what is said where no network keeps the limits.
#include "search/derive/derive.h"

#include <cmath>
#include <functional>

#include "base/error.h"
#include "base/random.h"
#include "search/derive/front.h"
#include "search/derive/k_best.h"
#include "support/test.h"

using namespace frugal;
using search::BlockCosts;
using search::BlockScores;
using search::Choice;
using search::Limit;

namespace {

struct Space {
  BlockScores scores;
  std::vector<Limit> limits;
};

// Rough numbers (few distinct values) make ties; fine ones make long fronts.
Space random_space(base::Random& random, bool rough) {
  Space space;
  const std::size_t blocks = 1 + random.below(6);
  const std::size_t metrics = 1 + random.below(3);
  std::vector<std::vector<double>> alpha(blocks);
  for (auto& block : alpha) {
    block.resize(1 + random.below(5));
    for (double& a : block) a = rough ? static_cast<double>(random.below(3)) : random.normal();
  }
  space.scores = search::log_softmax(alpha);
  for (std::size_t m = 0; m < metrics; ++m) {
    Limit limit{"cost" + std::to_string(m), {}, 0};
    limit.costs.peak = random.below(4) == 0;
    limit.costs.fixed = random.uniform();
    for (const auto& block : space.scores) {
      std::vector<double> costs;
      for (std::size_t i = 0; i < block.size(); ++i) {
        costs.push_back(rough ? static_cast<double>(random.below(4)) : 3 * random.uniform());
      }
      limit.costs.of.push_back(costs);
    }
    const double least = limit.costs.least();
    limit.at_most = least + (random.uniform() - 0.1) * static_cast<double>(blocks);
    if (limit.at_most <= 0) limit.at_most = least;
    space.limits.push_back(limit);
  }
  return space;
}

void each_choice(const BlockScores& scores, const std::function<void(const Choice&)>& visit) {
  Choice choice(scores.size(), 0);
  for (;;) {
    visit(choice);
    std::size_t b = 0;
    while (b < choice.size() && ++choice[b] == scores[b].size()) choice[b++] = 0;
    if (b == choice.size()) return;
  }
}

bool keeps(const std::vector<Limit>& limits, const Choice& choice) {
  for (const Limit& limit : limits) {
    if (limit.costs.total(choice) > limit.at_most) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("the best network under limits is the one that trying all finds", "[search]") {
  base::Random random(11, "derive");
  int reachable = 0, unreachable = 0;
  for (int round = 0; round < 400; ++round) {
    const Space space = random_space(random, round % 2 == 0);
    double best = -1e300, least_excess = 1e300;
    each_choice(space.scores, [&](const Choice& choice) {
      double excess = 0;
      for (const Limit& limit : space.limits) {
        excess = std::max(excess, limit.costs.total(choice) / limit.at_most - 1);
      }
      least_excess = std::min(least_excess, excess);
      if (keeps(space.limits, choice)) best = std::max(best, search::score_of(space.scores, choice));
    });
    INFO("round " << round);
    const auto choice = search::best_within(space.scores, space.limits);
    if (best > -1e299) {
      ++reachable;
      REQUIRE(choice.has_value());
      CHECK(keeps(space.limits, *choice));
      CHECK(search::score_of(space.scores, *choice) == Approx(best).margin(1e-9));
      CHECK(search::best_within(space.scores, space.limits) == choice);
    } else {
      ++unreachable;
      CHECK_FALSE(choice.has_value());
      const auto nearest = search::nearest_to(space.scores, space.limits);
      CHECK(nearest.excess == Approx(least_excess).margin(1e-6));
      CHECK_FALSE(nearest.why.empty());
    }
  }
  CHECK(reachable > 50);
  CHECK(unreachable > 50);
}

TEST_CASE("the cheapest network within a slack is the one that trying all finds", "[search]") {
  base::Random random(12, "derive");
  int cheaper = 0, reachable = 0;
  for (int round = 0; round < 400; ++round) {
    Space space = random_space(random, round % 2 == 0);
    BlockCosts costs = space.limits[0].costs;  // a limit on other metrics, and on none
    costs.peak = false;
    space.limits.erase(space.limits.begin());
    const double slack = round % 7 == 0 ? 0 : 3 * random.uniform();
    const auto best = search::best_within(space.scores, space.limits);
    const auto choice = search::cheapest_within(space.scores, costs, slack, space.limits);
    INFO("round " << round);
    REQUIRE(choice.has_value() == best.has_value());
    if (!best) continue;
    ++reachable;
    const double enough = search::score_of(space.scores, *best) - slack;
    double least = 1e300;
    each_choice(space.scores, [&](const Choice& other) {
      if (keeps(space.limits, other) && search::score_of(space.scores, other) >= enough - 1e-9) {
        least = std::min(least, costs.total(other));
      }
    });
    CHECK(keeps(space.limits, *choice));
    CHECK(search::score_of(space.scores, *choice) >= enough - 1e-9);
    CHECK(costs.total(*choice) == Approx(least).margin(1e-9));
    cheaper += costs.total(*choice) < costs.total(*best) - 1e-9 ? 1 : 0;
  }
  CHECK(reachable > 100);
  CHECK(cheaper > 50);
}

TEST_CASE("the paper's size of space with three limits is solved at once", "[search]") {
  base::Random random(5, "derive");
  std::vector<std::vector<double>> alpha(21, std::vector<double>(7));
  std::vector<Limit> limits(3);
  for (auto& block : alpha) {
    for (double& a : block) a = random.normal();
  }
  for (std::size_t m = 0; m < limits.size(); ++m) {
    limits[m].name = "cost";
    double sum = 0;
    for (std::size_t b = 0; b < alpha.size(); ++b) {
      std::vector<double> costs;
      for (int i = 0; i < 7; ++i) costs.push_back(random.uniform());
      limits[m].costs.of.push_back(costs);
      sum += 0.5;
    }
    limits[m].at_most = 0.7 * sum;
  }
  const BlockScores scores = search::log_softmax(alpha);
  const Choice choice = search::derive(scores, limits, "test");
  CHECK(keeps(limits, choice));
  // No single exchange is better and fits.
  for (std::size_t b = 0; b < choice.size(); ++b) {
    for (std::size_t i = 0; i < 7; ++i) {
      Choice other = choice;
      other[b] = i;
      if (search::score_of(scores, other) > search::score_of(scores, choice) + 1e-12) {
        CHECK_FALSE(keeps(limits, other));
      }
    }
  }
}

TEST_CASE("without limits the most probable path of each block stands, the first of equals", "[search]") {
  CHECK(search::most_probable({{-1, -1}, {-2, -0.5, -0.5}, {0}}) == Choice{0, 1, 0});
  CHECK(search::best_within({{-2, -0.5}, {-0.1}}, {}) == Choice{1, 0});  // also a block with one candidate
}

TEST_CASE("an unreachable limit says why, and the nearest that can be reached", "[search]") {
  Limit latency{"latency_ms", {10, {{1, 2}, {3, 4}}, false}, 12};
  try {
    search::derive({{-1, -0.1}, {-1, -0.1}}, {latency}, "--limit");
    FAIL("accepted");
  } catch (const base::UserError& error) {
    CHECK(error.message() ==
          "no network of the space keeps the limits: latency_ms can be no less than 14 in this space, the "
          "limit is 12");
    CHECK(error.hint() == "the nearest that can be reached is 16.67 % over: latency_ms 14; candidates 0 0");
  }
}

TEST_CASE("scores that are not finite are refused with their block, with limits and without", "[search]") {
  const double nan = std::nan("");
  const Limit loose{"cost", {0, {{1, 2}, {1, 2}}, false}, 9};
  for (const std::vector<Limit>& limits : {std::vector<Limit>{}, {loose}}) {
    for (const std::vector<double>& block : {std::vector{nan, nan}, {nan, -0.5}, {-HUGE_VAL, -HUGE_VAL}}) {
      const BlockScores scores{{-1, -0.1}, block};
      CHECK_THROWS_WITH(search::best_within(scores, limits),
                        Catch::StartsWith("block 1: the log-probability"));
      CHECK_THROWS_AS(search::derive(scores, limits, "test"), base::Failure);
      CHECK_THROWS_AS(search::k_most_probable(scores, limits, 2), base::Failure);
    }
  }
}

TEST_CASE("a front holds the most probable network at each cost", "[search]") {
  base::Random random(5, "front");
  for (int trial = 0; trial < 40; ++trial) {
    Space space = random_space(random, trial % 2 == 0);
    BlockCosts costs = space.limits[0].costs;
    costs.peak = false;
    for (const std::int64_t most : {3, 1000}) {
      const std::vector<Choice> front = search::front(space.scores, costs, {}, most);
      REQUIRE(!front.empty());
      CHECK(static_cast<std::int64_t>(front.size()) <= most);
      CHECK(search::score_of(space.scores, front.back()) ==
            search::score_of(space.scores, search::most_probable(space.scores)));
      CHECK(costs.total(front.front()) >= costs.least());
      for (std::size_t i = 0; i < front.size(); ++i) {
        const double cost = costs.total(front[i]), score = search::score_of(space.scores, front[i]);
        if (i > 0) CHECK(cost > costs.total(front[i - 1]));
        bool best = true;
        each_choice(space.scores, [&](const Choice& choice) {
          if (costs.total(choice) <= cost && search::score_of(space.scores, choice) > score) best = false;
        });
        CHECK(best);
      }
    }
  }
  const BlockScores two = search::log_softmax({{0, 1}});
  CHECK(search::front(two, {0, {{1, 2}}, false}, {{"m", {0, {{5, 5}}, false}, 4}}, 10).empty());
}
