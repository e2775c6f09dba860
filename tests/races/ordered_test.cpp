// Work in threads whose results are taken in order: no race, and an error ends all of it.
#include "quant/ordered.h"

#include <cstddef>
#include <stdexcept>
#include <vector>

#include "support/test.h"

using namespace frugal;

TEST_CASE("results are taken in order, without a race", "[quant]") {
  for (const std::size_t threads : {1, 2, 5}) {
    std::vector<std::size_t> worked(200), taken;
    quant::in_order(
        worked.size(), threads, [&](std::size_t i, std::size_t) { worked[i] = i * i; },
        [&](std::size_t i, std::size_t worker) {
          CHECK(worker == i % threads);
          taken.push_back(worked[i]);
        });
    REQUIRE(taken.size() == worked.size());
    for (std::size_t i = 0; i < taken.size(); ++i) CHECK(taken[i] == i * i);
  }
}

TEST_CASE("an error in a thread ends all of them, without a race", "[quant]") {
  for (std::size_t wrong = 0; wrong < 60; ++wrong) {
    std::vector<std::size_t> taken;
    const auto work = [&](std::size_t i, std::size_t) {
      if (i == wrong) throw std::runtime_error("wrong");
    };
    const auto take = [&](std::size_t i, std::size_t) { taken.push_back(i); };
    CHECK_THROWS_WITH(quant::in_order(60, 4, work, take), "wrong");
    CHECK(taken.size() <= wrong);
  }
}
