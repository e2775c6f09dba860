// How many threads share a step.
#include "tensor/device.h"

#include "support/test.h"

using namespace frugal;

TEST_CASE("a small step takes one thread, a large one every core") {
  CHECK(tensor::threads_for(1e6, 8) == 1);
  CHECK(tensor::threads_for(3.9e9, 8) == 1);
  CHECK(tensor::threads_for(4e9, 8) == 2);
  CHECK(tensor::threads_for(1e15, 8) == 8);
  CHECK(tensor::threads_for(1e15, 1) == 1);
  CHECK(tensor::usable_cores() >= 1);
}
