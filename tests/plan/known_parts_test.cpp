// What the exact search remembers: each part by what matters of it, and by nothing else.
#include "plan/known_parts.h"

#include "support/test.h"

using namespace frugal;

namespace {

// Items 0 and 1 are of one kind; all live in sections 0 to 2 or a part of them.
plan::Problem problem() {
  const std::vector<plan::Block> blocks = {{2, 0, 1}, {2, 0, 1}, {3, 1, 2}, {5, 2, 2}};
  return plan::make_problem(blocks, 12);
}

}  // namespace

TEST_CASE("parts that differ in an item, a floor, the ceiling or their sections are different parts",
          "[plan]") {
  const plan::Problem of = problem();
  REQUIRE(of.items.size() == 4);
  const plan::KnownParts known(of);
  const plan::Part part = plan::whole(of);
  const plan::KnownParts::Key key = known.key(part);

  std::vector<plan::Part> others(5, part);
  others[0].items.pop_back();
  others[1].floor[0] = 1;
  others[2].floor[2] = 1;
  others[3].ceiling -= 1;
  others[4].first = 1;
  for (std::size_t i = 0; i < others.size(); ++i) {
    INFO(i);
    CHECK_FALSE(known.key(others[i]) == key);
    for (std::size_t j = 0; j < i; ++j) CHECK_FALSE(known.key(others[i]) == known.key(others[j]));
  }
}

TEST_CASE("a solved part is found with other items of the same kinds", "[plan]") {
  const plan::Problem of = problem();
  plan::KnownParts known(of);
  REQUIRE(known.kind(0) == known.kind(1));
  REQUIRE(known.kind(0) != known.kind(2));
  plan::Part part = plan::whole(of), same = part;
  part.items = {0, 2};
  same.items = {1, 2};
  REQUIRE(known.key(part) == known.key(same));

  std::vector<plan::Placement> out;
  CHECK(known.find(known.key(part), part, out) == plan::KnownParts::Found::nothing);
  const std::vector<plan::Placement> solution = {{2, 7}, {0, 4}};
  known.solve(known.key(part), solution.data(), solution.data() + solution.size());
  CHECK(known.find(known.key(same), same, out) == plan::KnownParts::Found::solved);
  CHECK(out == std::vector<plan::Placement>{{1, 4}, {2, 7}});

  part.ceiling = 3;
  known.refute(known.key(part));
  CHECK(known.find(known.key(part), part, out) == plan::KnownParts::Found::refuted);
  CHECK(out.size() == 2);
}
