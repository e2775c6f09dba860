// What libraries that are loaded together do to each other.
#include <dlfcn.h>

#include "support/test.h"

TEST_CASE("no other library writes over LibTorch's settings", "[tensor]") {
  // SentencePiece's FLAGS_minloglevel is larger than c10's, behind which this one lies: were it true, too
  // little memory would end the program (cmake/frugal_text.cmake). By name: a reference would give the test a
  // copy of its own.
  const void* at = dlsym(RTLD_DEFAULT, "FLAGS_caffe2_use_fatal_for_enforce");
  REQUIRE(at != nullptr);
  CHECK(*static_cast<const unsigned char*>(at) == 0);
}
