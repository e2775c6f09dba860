#include "samples/classes.h"

#include "support/message_of.h"
#include "support/test.h"

using namespace frugal;
using Catch::Matchers::Contains;

TEST_CASE("classes are chosen by name, else by number", "[samples]") {
  const std::vector<std::string> names{"10", "2", "bag"};
  const samples::ClassChoice all = samples::choose_classes({}, names, "/classes");
  REQUIRE(all.names == names);
  REQUIRE(all.new_label == std::vector<std::int64_t>{0, 1, 2});
  // "2" is a name, though it could be the number of "bag".
  const samples::ClassChoice some = samples::choose_classes({"2", "0"}, names, "/classes");
  REQUIRE(some.names == std::vector<std::string>{"2", "10"});
  REQUIRE(some.new_label == std::vector<std::int64_t>{1, 0, -1});

  const auto refused = [&](const std::vector<std::string>& wanted) {
    return test::message_of([&] { samples::choose_classes(wanted, names, "/classes"); });
  };
  REQUIRE_THAT(refused({"0", "3"}), Contains("/classes/1: is no class: '3'"));
  REQUIRE_THAT(refused({"0", "-1"}), Contains("/classes/1: is no class: '-1'"));
  REQUIRE_THAT(refused({"bags", "0"}), Contains("/classes/0: is no class: 'bags'"));
  REQUIRE_THAT(refused({"0", "bag", "10"}), Contains("/classes/2: names class 0 ('10') again"));
  REQUIRE_THAT(refused({"bag"}), Contains("/classes: names one class"));
}
