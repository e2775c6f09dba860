#include "config/config.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "support/test.h"

using namespace frugal;

namespace {

struct Inner {
  double huber_delta = 0.001;
  std::string loss = "huber";
  void visit(config::Visitor& v) {
    v.field("huber_delta", huber_delta, config::greater_than(0), "width of the quadratic part");
    v.choice("loss", loss, {"huber", "log", "relative"}, "loss of a residual");
  }
};
struct Outer {
  std::int64_t epochs = 10;
  bool fast = false;
  std::optional<double> floor;
  std::vector<std::string> laws = {"m4"};
  Inner fit;
  std::vector<Inner> more;
  void visit(config::Visitor& v) {
    v.field("epochs", epochs, config::between(1, 1000), "passes over the data");
    v.field("fast", fast, "skip the slow part");
    v.field("floor", floor, config::at_least(0), "known floor");
    v.field("laws", laws, "laws to fit");
    v.object("fit", fit, "how to fit");
    v.list("more", more, "further fits");
  }
};

std::string error_of(const std::string& text, const std::vector<std::string>& settings = {}) {
  test::TempDir dir;
  test::write_text(dir / "a.json", text);
  try {
    config::read<Outer>(config::load(dir / "a.json", settings));
  } catch (const base::UserError& error) {
    std::string message = error.what();
    const std::size_t at = message.find("a.json");
    return (at == std::string::npos ? message : message.substr(at)) + "|" + error.hint();
  }
  return "";
}

}  // namespace

TEST_CASE("what is printed is read back the same") {
  Outer value;
  value.epochs = 3;
  value.floor = 0.25;
  value.fit.loss = "log";
  value.more.resize(2);
  config::Source source;
  config::print(value, source.json());
  const Outer again = config::read<Outer>(source);
  nlohmann::json printed;
  config::print(again, printed);
  REQUIRE(printed == source.json());
  REQUIRE(printed["fit"]["loss"] == "log");
}

TEST_CASE("errors name file, path, value and what would be right") {
  REQUIRE(error_of(R"({"fit": {"huber_delta": -1}})") == "a.json:/fit/huber_delta: must be > 0, got -1|");
  REQUIRE(error_of(R"({"epochs": "ten"})") == "a.json:/epochs: must be a whole number, got string: \"ten\"|");
  REQUIRE(error_of(R"({"epochs": 2.5})") == "a.json:/epochs: must be a whole number, got 2.5|");
  REQUIRE(error_of(R"({"epoch": 2})") == "a.json:/epoch: unknown key 'epoch'|did you mean 'epochs'?");
  REQUIRE(error_of(R"({"fit": {"loss": "hubber"}})") ==
          "a.json:/fit/loss: unknown value 'hubber'|did you mean 'huber'?");
  REQUIRE(error_of(R"({"laws": ["m1", 2]})") == "a.json:/laws/1: must be text, got number: 2|\"2\"");
  REQUIRE(error_of(R"({"more": [{}, {"los": 1}]})") ==
          "a.json:/more/1/los: unknown key 'los'|did you mean 'loss'?");
  REQUIRE(error_of("[1]") == "a.json:/: must be an object, got array: [1]|");
  REQUIRE(error_of("{\n  \"epochs\": }").starts_with("a.json:2:13: is not valid JSON"));
}

TEST_CASE("a setting given by --set overrides and is named in errors") {
  test::TempDir dir;
  test::write_text(dir / "a.json", "{}");
  const auto value =
      config::read<Outer>(config::load(dir / "a.json", {"fit.loss=log", "epochs=7", "laws=[\"x\"]"}));
  REQUIRE(value.fit.loss == "log");
  REQUIRE(value.epochs == 7);
  REQUIRE(value.laws == std::vector<std::string>{"x"});
  const auto named =
      config::read<Outer>(config::load(dir / "a.json", {R"(laws=["a", "x"])", "laws.0=31000"}));
  REQUIRE(named.laws == std::vector<std::string>{"31000", "x"});
  REQUIRE(error_of("{}", {"laws=[2.5]"}) == "--set laws/0: must be text, got number: 2.5|");
  REQUIRE(error_of("{}", {"fit.huber_delta=0"}) == "--set fit/huber_delta: must be > 0, got 0|");
  REQUIRE(error_of("{}", {"nonsense"}).find("must be path=value") != std::string::npos);
}

TEST_CASE("a number that no double holds is an error with its place", "[config]") {
  try {
    frugal::config::parse("{\n  \"lr\": 1e999}", "a.json");
    FAIL("accepted");
  } catch (const frugal::base::UserError& error) {
    REQUIRE(error.place() == "a.json:2:9");
    REQUIRE(error.message() == "the number 1e999 is too large");
  }
}

TEST_CASE("a range holds its ends where they are closed, and says so") {
  const double low = 0.25, high = 2, inside = 1;
  const double below = std::nextafter(low, -1), above = std::nextafter(high, 3);
  struct Case {
    config::Range range;
    bool at_low, under_low, at_high, over_high;
    const char* text;
  };
  for (const Case& one :
       {Case{config::any_number(), true, true, true, true, ""},
        Case{config::at_least(low), true, false, true, true, "must be >= 0.25"},
        Case{config::greater_than(low), false, false, true, true, "must be > 0.25"},
        Case{config::between(low, high), true, false, true, false, "must be in [0.25, 2]"},
        Case{config::between_open(low, high), false, false, false, false, "must be in (0.25, 2)"}}) {
    CAPTURE(one.text);
    CHECK(one.range.text() == one.text);
    CHECK(one.range.contains(inside));
    CHECK(one.range.contains(low) == one.at_low);
    CHECK(one.range.contains(below) == one.under_low);
    CHECK(one.range.contains(high) == one.at_high);
    CHECK(one.range.contains(above) == one.over_high);
    CHECK_FALSE(one.range.contains(std::nan("")));
  }
  config::Range up_to;
  up_to.high = high;
  CHECK(up_to.text() == "must be <= 2");
  up_to.high_open = true;
  CHECK(up_to.text() == "must be < 2");
  CHECK_FALSE(up_to.contains(high));
  CHECK(up_to.contains(std::nextafter(high, 0)));
}
