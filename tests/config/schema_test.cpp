#include "config/schema.h"

#include <nlohmann/json.hpp>

#include "support/test.h"

using namespace frugal;

namespace {

struct Stage {
  std::int64_t width = 16;
  void visit(config::Visitor& v) { v.field("width", width, config::between(1, 1024), "channels"); }
};
struct Schedule {
  double lr_peak = 0.05;
  std::string kind = "cosine";
  void visit(config::Visitor& v) {
    v.field("lr_peak", lr_peak, config::greater_than(0), "highest learning rate");
    v.choice("kind", kind, {"cosine", "step"}, "how it falls");
  }
};
struct Training {
  bool flip = true;
  std::optional<double> clip;
  std::vector<double> mean = {0.5};
  std::map<std::string, double> weights;
  Schedule schedule;
  std::vector<Stage> stages = {{32}};
  void visit(config::Visitor& v) {
    v.field("flip", flip, "mirror at random");
    v.field("clip", clip, config::at_least(0), "norm of the gradient");
    v.field("mean", mean, config::between_open(0, 1), "of the pixels");
    v.field("weights", weights, config::any_number(), "by class");
    v.object("schedule", schedule, "the learning rate");
    v.list("stages", stages, "of the network");
  }
};

}  // namespace

TEST_CASE("a config's schema has types, ranges, choices, defaults and help") {
  const auto schema = nlohmann::json::parse(config::schema<Training>("tool train"));
  CHECK(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema");
  CHECK(schema["title"] == "tool train");
  CHECK(schema["additionalProperties"] == false);
  const auto& properties = schema["properties"];
  CHECK(properties["flip"] ==
        nlohmann::json({{"type", "boolean"}, {"default", true}, {"description", "mirror at random"}}));
  CHECK(properties["clip"]["type"] == nlohmann::json({"number", "null"}));
  CHECK(properties["clip"]["minimum"] == 0);
  CHECK(properties["mean"]["items"] ==
        nlohmann::json({{"type", "number"}, {"exclusiveMinimum", 0}, {"exclusiveMaximum", 1}}));
  CHECK(properties["weights"]["additionalProperties"] == nlohmann::json({{"type", "number"}}));
  const auto& schedule = properties["schedule"];
  CHECK(schedule["additionalProperties"] == false);
  CHECK(schedule["properties"]["lr_peak"]["exclusiveMinimum"] == 0);
  CHECK(schedule["properties"]["kind"]["enum"] == nlohmann::json({"cosine", "step"}));
  // The default of the list is the config's own, that of a new element its type's.
  CHECK(properties["stages"]["default"] == nlohmann::json::parse(R"([{"width": 32}])"));
  const auto& width = properties["stages"]["items"]["properties"]["width"];
  CHECK(width == nlohmann::json({{"type", "integer"},
                                 {"minimum", 1},
                                 {"maximum", 1024},
                                 {"default", 16},
                                 {"description", "channels"}}));
}

TEST_CASE("a config's help has a line of facts and a line of help for every field") {
  const std::string text = config::describe<Training>();
  CHECK(text.substr(text.find("\n\n") + 2) == R"(  flip                            true or false; default true
                                  mirror at random
  clip                            number >= 0 or null; default null
                                  norm of the gradient
  mean                            list of numbers, each in (0, 1); default [0.5]
                                  of the pixels
  weights                         object: names and numbers; default {}
                                  by class
  schedule                        object
                                  the learning rate
  schedule.lr_peak                number > 0; default 0.05
                                  highest learning rate
  schedule.kind                   one of cosine, step; default cosine
                                  how it falls
  stages                          list of objects; default [{"width":32}]
                                  of the network
  stages.N.width                  whole number in [1, 1024]; default 16
                                  channels
)");
}
