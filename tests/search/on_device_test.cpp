// Limits that the compiler counts are kept by the network that is derived, or said not to be reachable.
#include "search/derive/on_device.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "compile/untrained.h"
#include "emulate/target.h"
#include "ir/model.h"
#include "search/strategy/objective.h"
#include "support/test.h"

using namespace frugal;
using search::Choice;
using search::OnDevice;

namespace {

search::SearchSpace small_space() {
  search::SpaceConfig config;
  config.input_channels = 1;
  config.classes = 4;
  config.resolution = 16;
  config.stem = 8;
  config.stem_stride = 1;
  config.first_block = config.head = 0;
  config.candidates = {"3e1", "3e3", "5e6", "Z"};
  config.stages = {{8, 2, 2, {}}, {16, 2, 2, {}}};
  return {config, ""};
}

// The larger an operation, the more probable.
search::BlockScores for_large(const search::SearchSpace& space) {
  search::BlockScores scores = search::costs_of(space, search::Metric::macs).of;
  for (auto& block : scores) {
    for (double& score : block) score /= 1e5;
  }
  return search::log_softmax(scores);
}

std::int64_t planned(const search::SearchSpace& space, const Choice& choice) {
  compile::CompileConfig config;
  config.network = "derived";
  config.scheme = "head";
  return compile::footprint_untrained(space.network(choice), config).sram();
}

}  // namespace

TEST_CASE("a derived network keeps limits that the compiler counts", "[search]") {
  const search::SearchSpace space = small_space();
  const search::BlockScores scores = for_large(space);
  const OnDevice free(space, {"m7", "head"}, {}, "board");
  const Choice largest = free.derive(scores, {}, "limits");
  CHECK(largest == search::most_probable(scores));
  const auto sram = free.needs(largest).at("device_sram_bytes");
  const auto flash = free.needs(largest).at("device_flash_bytes");
  CHECK(sram == planned(space, largest));

  for (const auto& [name, all] :
       {std::pair{"device_sram_bytes", sram}, std::pair{"device_flash_bytes", flash}}) {
    INFO(name);
    const double limit = 0.9 * static_cast<double>(all);
    const OnDevice tight(space, {"m7", "head"}, {{name, limit}}, "board");
    CHECK(!tight.keeps(largest));
    const Choice choice = tight.derive(scores, {}, "limits");
    CHECK(tight.keeps(choice));
    CHECK(static_cast<double>(tight.needs(choice).at(name)) <= limit);
    CHECK(tight.describe(choice)["limits"][name] == limit);
    CHECK(search::score_of(scores, choice) < search::score_of(scores, largest));
    for (std::size_t b = 0; b < choice.size(); ++b) {  // no single block can be exchanged for a better one
      for (std::size_t i = 0; i < scores[b].size(); ++i) {
        Choice other = choice;
        other[b] = i;
        if (scores[b][i] > scores[b][choice[b]]) CHECK(!tight.keeps(other));
      }
    }
    // With another limit that is a sum over blocks.
    const search::BlockCosts macs = search::costs_of(space, search::Metric::macs);
    const double half = 0.5 * macs.total(choice);
    const Choice both = tight.derive(scores, {{"macs", macs, half}}, "limits");
    CHECK(tight.keeps(both));
    CHECK(macs.total(both) <= half);
  }
}

TEST_CASE("limits of a board that no network keeps are refused with the nearest", "[search]") {
  const search::SearchSpace space = small_space();
  const OnDevice tight(space, {"m7", "head"}, {{"device_sram_bytes", 5000}}, "board");
  CHECK_THROWS_WITH(tight.derive(for_large(space), {}, "limits"),
                    Catch::Contains("limits: no network of the space was found that keeps") &&
                        Catch::Contains("device_sram_bytes 5000"));
  CHECK_THROWS_WITH(OnDevice(space, {}, {{"device_flash_bytes", 5000}}, "board"),
                    Catch::Contains("board: device_flash_bytes needs a board"));
  CHECK_THROWS_WITH(OnDevice(space, {"m8", "head"}, {}, "board"), Catch::Contains("board"));
  CHECK_THROWS_WITH(OnDevice(space, {"host", "head"}, {}, "board"), Catch::Contains("the host is no board"));
}

TEST_CASE("a search's objective holds limits of a board beside those that are sums", "[search]") {
  const search::SearchSpace space = small_space();
  const search::BlockScores scores = for_large(space);
  const Choice largest = search::most_probable(scores);
  const double sram = static_cast<double>(planned(space, largest));
  search::ObjectiveConfig config;
  config.board.target = "m7";
  config.limits = {{"device_sram_bytes", 0.9 * sram}, {"macs", 1e9}};
  const search::Objective objective(config, space, "objective");
  CHECK(objective.limits().size() == 1);
  CHECK(!objective.keeps_limits(largest));
  const Choice derived = objective.derived(scores);
  CHECK(objective.keeps_limits(derived));
  CHECK(static_cast<double>(planned(space, derived)) <= 0.9 * sram);
  config.limits["device_sram_bytes"] = 5000;  // told before anything is trained
  CHECK_THROWS_WITH(search::Objective(config, space, "objective"), Catch::Contains("objective/limits"));
  config.board.target = "";
  CHECK_THROWS_WITH(search::Objective(config, space, "objective"),
                    Catch::Contains("objective/board: device_sram_bytes needs a board"));
}

TEST_CASE("instructions of an emulated board limit a derived network", "[search][slow]") {
  if (!emulate::missing_programs(device::Target::cortex_m7).empty()) return;
  const search::SearchSpace space = small_space();
  const search::BlockScores scores = for_large(space);
  const char* name = "device_instructions";
  const OnDevice wide(space, {"m7", "head"}, {{name, 1e12}}, "board");
  const Choice largest = wide.derive(scores, {}, "limits");
  const auto instructions = static_cast<double>(wide.needs(largest).at(name));
  const OnDevice tight(space, {"m7", "head"}, {{name, 0.6 * instructions}}, "board");
  const Choice choice = tight.derive(scores, {}, "limits");
  CHECK(static_cast<double>(tight.needs(choice).at(name)) <= 0.6 * instructions);
  CHECK(tight.needs(choice).at("device_step_instructions") > tight.needs(choice).at(name));
}
