// Costs of networks and of spaces: sums by block agree with the whole network, in every metric.
#include "search/cost/cost.h"

#include "base/error.h"
#include "base/random.h"
#include "network/compact.h"
#include "support/test.h"

using namespace frugal;
using search::Metric;

namespace {

search::SearchSpace small_space() {
  search::SpaceConfig config;
  config.resolution = 32;
  config.classes = 10;
  config.stem = 8;
  config.stem_stride = 1;
  config.first_block = 8;
  config.head = 0;
  config.stages = {{16, 2, 2, {}}, {24, 2, 2, {}}};
  config.candidates = {"3e3", "5e6", "3e3se", "Z"};
  return search::SearchSpace(config, "test");
}

}  // namespace

TEST_CASE("costs by block add up to the network's own, in every metric", "[search]") {
  const auto space = small_space();
  search::LatencyTable table;
  table.correction = {0.5, 1.25};
  table.base_ms = 0.7;
  base::Random random(3, "cost");
  for (const auto& piece : search::operations_of(space)) {
    if (piece.is_free()) continue;
    table.operations[search::key_of(piece, table.style).value()].ms = 0.1 + random.uniform();
  }
  for (int round = 0; round < 30; ++round) {
    search::Choice choice;
    for (const auto& block : space.blocks()) choice.push_back(random.below(block.candidates.size()));
    const auto network = space.network(choice);
    for (const std::string& name : search::metric_names()) {
      INFO(name << " " << space.text(choice));
      const Metric metric = search::metric_of(name, "test");
      const double whole = search::cost_of(network, metric, &table);
      CHECK(search::costs_of(space, metric, &table).total(choice) == Approx(whole).epsilon(1e-12));
    }
    CHECK(search::cost_of(network, Metric::macs) == static_cast<double>(network::mac_count(network)));
    CHECK(search::cost_of(network, Metric::parameters) ==
          static_cast<double>(network::parameter_count(network)));
  }
}

TEST_CASE("peak memory and flash of a small network, counted by hand", "[search]") {
  network::CompactNetwork compact;
  compact.blocks = "3e2s2w8 3e2";  // the second with a shortcut
  compact.stem = 4;
  compact.resolution = 8;
  compact.classes = 3;
  compact.input_channels = 1;
  const auto network = network::expand(compact, "test");
  // Stem 1x8x8 -> 4x4x4: 64 + 64. Block 0: 64 + 128, 128 + 32 (8 channels at 2x2), 32 + 32. Block 1: 32 + 64,
  // 64 + 64 + 32 held, 64 + 32 + 32. The largest is block 0's expansion.
  CHECK(search::cost_of(network, Metric::sram_bytes) == 192);
  const auto pieces = search::pieces_of(network);
  CHECK(search::sram_bytes(pieces[2]) == 160);
  // Classifier: 8 x 3 weights, 3 biases and 3 scales of 4 bytes.
  CHECK(search::flash_bytes(pieces.back()) == 24 + 24);
}

TEST_CASE("a table that lacks operations of the space names them all", "[search]") {
  const auto space = small_space();
  search::LatencyTable table;
  table.origin = "t.json";
  table.operations["conv 3x32x32 -> 8x32x32 k3 s1 relu6"].ms = 1;
  try {
    search::costs_of(space, Metric::latency_ms, &table);
    FAIL("accepted");
  } catch (const base::UserError& error) {
    const std::string message = error.message();
    CHECK(message.find("the space needs 14 operations") != std::string::npos);
    CHECK(message.find("m96 relu6 skip") != std::string::npos);
  }
}
