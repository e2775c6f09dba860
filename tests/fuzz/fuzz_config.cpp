// Configs: any text gives a filled struct or a UserError; and what is printed of a filled struct is read
// back to the same text.

#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "config/config.h"

using namespace frugal;

namespace {

struct Inner {
  double lr_peak = 0.1;
  std::optional<double> clip;
  void visit(config::Visitor& v) {
    v.field("lr_peak", lr_peak, config::greater_than(0), "");
    v.field("clip", clip, config::at_least(0), "");
  }
};

struct Outer {
  bool flip = false;
  std::int64_t epochs = 3;
  std::string name = "a";
  std::string kind = "sgd";
  std::vector<std::int64_t> sizes = {1, 2};
  std::vector<double> mean = {0.5};
  std::vector<std::string> names;
  std::map<std::string, std::string> columns;
  std::map<std::string, double> weights;
  Inner inner;
  std::vector<Inner> stages;
  void visit(config::Visitor& v) {
    v.field("flip", flip, "");
    v.field("epochs", epochs, config::between(0, 1e9), "");
    v.field("name", name, "");
    v.choice("kind", kind, {"sgd", "adam"}, "");
    v.field("sizes", sizes, config::any_number(), "");
    v.field("mean", mean, config::fraction(), "");
    v.field("names", names, "");
    v.field("columns", columns, "");
    v.field("weights", weights, config::any_number(), "");
    v.object("inner", inner, "");
    v.list("stages", stages, "");
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    config::Source source;
    source.origin = "input";
    source.json() = config::parse(std::string(reinterpret_cast<const char*>(bytes), size), "input");
    const auto value = config::read<Outer>(source);
    nlohmann::json printed, again;
    config::print(value, printed);
    config::Source second;
    second.origin = "printed";
    second.json() = config::parse(config::to_text(printed), "printed");
    config::print(config::read<Outer>(second), again);
    FRUGAL_ASSERT(config::to_text(printed) == config::to_text(again), "a printed config is read as it was");
  } catch (const base::UserError&) {
  }
  return 0;
}
