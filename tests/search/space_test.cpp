// Search spaces: the paper's counts, networks of choices, and what is refused.
#include "search/space/space.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "config/config.h"
#include "ir/count.h"
#include "network/lower.h"
#include "support/test.h"

using namespace frugal;
using Catch::Contains;

namespace {

search::SearchSpace preset(const std::string& name, const std::vector<std::string>& settings = {}) {
  return search::load_space(test::source_dir() + "/configs/search/" + name + ".json", settings);
}

search::SearchSpace space_of(const std::string& json) {
  config::Source source;
  source.json() = config::parse(json, "space.json");
  source.origin = "space.json";
  return {config::read<search::SpaceConfig>(source), "space.json:"};
}

std::string error_of(const std::string& json) {
  try {
    space_of(json);
  } catch (const base::UserError& error) {
    return error.place() + ": " + error.message() + " | " + error.hint();
  }
  return "no error";
}

}  // namespace

TEST_CASE("The ImageNet space has the paper's counts", "[search]") {
  const search::SearchSpace space = preset("imagenet");
  CHECK(space.blocks().size() == 21);
  CHECK(space.operation_count() == 141);
  CHECK(std::pow(10, space.log10_networks()) == Approx(std::pow(6, 6) * std::pow(7, 15)));
  CHECK(space.network(search::Choice(21, 0)).blocks.size() == 22);
  // All 7×7 e6 is a network of the family: its stem, first block, head and classifier are the paper's.
  CHECK(space.frame().feature_mix_layer->out_channels == 1280);
  CHECK(space.frame().blocks.at(0).as<network::MBConvLayer>()->out_channels == 16);
  // The defaults are that space.
  CHECK(search::SearchSpace(search::SpaceConfig(), "").operation_count() == 141);
}

TEST_CASE("The space of the benchmark: 8 blocks, 53 operations, 1,139,018 parameters", "[search]") {
  const search::SearchSpace space = preset("cifar");
  CHECK(space.blocks().size() == 8);
  CHECK(space.operation_count() == 53);
  // A network's parameters are those of its parts, so the parts' sum follows from networks that differ in one
  // block.
  const search::Choice first(8, 0);
  const std::int64_t base = network::parameter_count(space.network(first));
  std::int64_t all = base;
  for (std::size_t b = 0; b < 8; ++b) {
    std::int64_t own = 0;  // of the first candidate: what Zero saves, or what its layers have
    const network::Lowered lowered = network::lower(space.network(first));
    for (const network::Part& part : lowered.parts) {
      if (part.name == "blocks." + std::to_string(b + space.fixed_blocks())) {
        own += ir::parameter_count(*lowered.graph, {part.first_node, part.end_node});
      }
    }
    for (std::size_t i = 1; i < space.blocks()[b].candidates.size(); ++i) {
      search::Choice other = first;
      other[b] = i;
      all += network::parameter_count(space.network(other)) - base + own;
    }
  }
  CHECK(all == 1139018);
}

TEST_CASE("Width, divisor and resolution change the shapes", "[search]") {
  const search::SearchSpace space =
      preset("imagenet", {"space.width_multiplier=0.25", "space.resolution=112"});
  CHECK(space.blocks().back().out == network::Shape{80, 4, 4});
  CHECK(space.blocks().front().in == network::Shape{8, 56, 56});
}

TEST_CASE("Zero stands where the shape is kept, and labels name a network", "[search]") {
  const search::SearchSpace space = preset("mcu");
  for (const search::SearchBlock& block : space.blocks()) {
    CHECK(block.shortcut == (block.in == block.out));
    CHECK((block.candidates.back().label == "Z") == block.shortcut);
  }
  const search::Choice choice = space.choice_of({"3e1", "Z", "5e6", "3e3", "3e6", "Z"}, "");
  CHECK(space.text(choice) == "3e1 Z | 5e6 3e3 | 3e6 Z");
  CHECK(space.network(choice).blocks[2].is_zero());
  CHECK_THROWS_AS(space.choice_of({"3e1", "Z", "5e6", "3e3", "7e6", "Z"}, ""), base::UserError);
  CHECK_THROWS_AS(space.choice_of({"3e1"}, ""), base::UserError);
}

TEST_CASE("What makes no space is refused with its place", "[search]") {
  const std::string head = R"({"classes": 10, "resolution": 16, "first_block": 0, )";
  CHECK_THAT(error_of(head + R"("stages": [{"width": 8}], "candidates": ["3e3"]})"),
             Contains("nothing to search"));
  CHECK_THAT(error_of(head + R"("stages": [{"width": 8}], "candidates": []})"),
             Contains("space.json:/candidates") && Contains("empty"));
  CHECK_THAT(error_of(head + R"("stages": [{"width": 8}], "candidates": ["Z"]})"), Contains("Zero alone"));
  CHECK_THAT(error_of(head + R"("stages": [{"width": 8}], "candidates": ["3e3", "4e3"]})"),
             Contains("/candidates/1") && Contains("4e3"));
  CHECK_THAT(error_of(head + R"("stages": [{"width": 8}], "candidates": ["3e3", "3e3"]})"),
             Contains("twice"));
  CHECK_THAT(error_of(head + R"("stages": []})"), Contains("/stages"));
  CHECK_THAT(error_of(head + R"("stages": [{"depth": 2}]})"), Contains("/stages/0/width"));
  // Zero where the operation changes the shape.
  CHECK_THAT(error_of(head + R"("stages": [{"width": 8, "stride": 2, "candidates": ["3e3", "5e3", "Z"]}]})"),
             Contains("/stages/0/candidates") && Contains("the shape would change"));
  // One candidate and Zero is a choice; one candidate where nothing may be skipped is not.
  CHECK(space_of(head + R"("stages": [{"width": 8, "depth": 2}], "candidates": ["3e3", "Z"]})")
            .operation_count() == 3);
}
