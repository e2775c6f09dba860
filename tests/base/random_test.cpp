#include "base/random.h"

#include <cmath>
#include <set>

#include "support/test.h"

using frugal::base::Random;

TEST_CASE("a stream is the same after its state was stored") {
  Random a(7, "loader");
  for (int i = 0; i < 100; ++i) a.next();
  Random b(a.state());
  for (int i = 0; i < 100; ++i) REQUIRE(a.next() == b.next());
}

TEST_CASE("streams of other names and seeds differ") {
  std::set<std::uint64_t> first;
  for (const char* name : {"", "loader", "augment", "init"}) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) first.insert(Random(seed, name).next());
  }
  REQUIRE(first.size() == 200);
}

TEST_CASE("uniform, normal and below have their moments") {
  Random random(1);
  double uniform = 0, normal = 0, square = 0;
  std::vector<int> counts(7);
  const int n = 70000;
  for (int i = 0; i < n; ++i) {
    uniform += random.uniform();
    const double z = random.normal();
    normal += z;
    square += z * z;
    ++counts[random.below(7)];
  }
  REQUIRE(std::fabs(uniform / n - 0.5) < 0.01);
  REQUIRE(std::fabs(normal / n) < 0.02);
  REQUIRE(std::fabs(square / n - 1) < 0.03);
  for (const int count : counts) REQUIRE(std::abs(count - n / 7) < 500);
}

TEST_CASE("a permutation holds each index once") {
  Random random(3);
  const auto order = random.permutation(1000);
  REQUIRE(std::set<std::size_t>(order.begin(), order.end()).size() == 1000);
}
