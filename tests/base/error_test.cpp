#include "base/error.h"

#include "support/test.h"

using namespace frugal::base;

TEST_CASE("a near miss is suggested, and a far one lists what there is") {
  REQUIRE(suggest("rosenfold", {"rosenfeld", "chinchilla"}) == "did you mean 'rosenfeld'?");
  REQUIRE(suggest("lamdba", {"lambda", "mu"}) == "did you mean 'lambda'?");
  REQUIRE(suggest("zzzzzz", {"rosenfeld", "chinchilla"}) == "one of: rosenfeld, chinchilla");
}

TEST_CASE("a user error says place and message") {
  const UserError error("a.json:/x", "must be > 0, got -1", "try 1");
  REQUIRE(std::string(error.what()) == "a.json:/x: must be > 0, got -1");
  REQUIRE(error.hint() == "try 1");
}
