// How torch runs: how many threads share a step, and where MKL's memory comes from.
#include "tensor/device.h"

#include <dlfcn.h>

#include "base/memory.h"
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

TEST_CASE("MKL asks for memory where a lack of it ends the tool") {
  using Allocate = void* (*)(std::size_t);
  void* const allocate = ::dlsym(RTLD_DEFAULT, "i_malloc");
  if (allocate == nullptr) return;  // a LibTorch without MKL
  CHECK(*static_cast<Allocate*>(allocate) == base::allocate_or_end);
}
