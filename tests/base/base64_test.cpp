#include "base/base64.h"

#include "support/test.h"

using namespace frugal;

TEST_CASE("bytes as text: the examples of RFC 4648") {
  const char* expected[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  for (std::size_t i = 0; i <= 6; ++i) CHECK(base::base64(std::string("foobar").substr(0, i)) == expected[i]);
  CHECK(base::base64("\xff\xfe\xfd") == "//79");
}
