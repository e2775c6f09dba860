// The verifier of memory plans: each kind of wrong plan, and what it says of it.
#include "plan/verify.h"

#include "base/error.h"
#include "support/test.h"

using namespace frugal;

namespace {

std::vector<plan::Block> two_blocks() {
  return {{.bytes = 8, .first = 0, .last = 3, .alignment = 4, .name = "conv1"},
          {.bytes = 6, .first = 3, .last = 5, .alignment = 4, .name = "pool"}};
}

std::string fault(const plan::Arena& arena, std::optional<std::size_t> capacity = std::nullopt) {
  return plan::fault_of(two_blocks(), arena, capacity).value_or("none");
}

}  // namespace

TEST_CASE("a right plan has no fault", "[plan]") {
  CHECK(fault({{0, 8}, 14}) == "none");
  CHECK(fault({{8, 0}, 16}, 16) == "none");
  CHECK_NOTHROW(plan::verify(two_blocks(), {{0, 8}, 14}));
}

TEST_CASE("blocks that share memory while both live are named with their places", "[plan]") {
  CHECK(fault({{0, 4}, 14}) ==
        "'conv1' (steps 0 to 3, bytes 0 to 7) and 'pool' (steps 3 to 5, bytes 4 to 9) share memory");
  CHECK(fault({{0, 0}, 14}) != "none");
  CHECK_THROWS_AS(plan::verify(two_blocks(), {{0, 4}, 14}), base::Failure);

  std::vector<plan::Block> apart = two_blocks();
  apart[1].first = 4;
  CHECK_FALSE(plan::fault_of(apart, {{0, 4}, 14}).has_value());
  apart[1].name.clear();
  apart[1].first = 2;
  CHECK(plan::fault_of(apart, {{0, 4}, 14}).value_or("").find("and block 1 (steps 2 to 5") !=
        std::string::npos);
}

TEST_CASE("a broken alignment, capacity or size of the plan, and a missing place are faults", "[plan]") {
  CHECK(fault({{0, 10}, 16}) == "'pool' (steps 3 to 5, bytes 10 to 15) is not at a multiple of 4");
  CHECK(fault({{0, 8}, 14}, 13) ==
        "'pool' (steps 3 to 5, bytes 8 to 13) ends beyond the capacity of 13 bytes");
  CHECK(fault({{0, 8}, 12}) == "'pool' (steps 3 to 5, bytes 8 to 13) ends beyond the plan's 12 bytes");
  CHECK(fault({{0}, 14}) == "2 blocks have 1 places");
  // An offset that would wrap around to a small end.
  CHECK(fault({{0, SIZE_MAX - 3}, 14}).find("ends beyond the plan") != std::string::npos);
}
