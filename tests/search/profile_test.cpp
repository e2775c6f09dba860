// The profiler without a clock: which operations are measured, what the table keeps, how predictions are
// judged; and a tiny real measurement. Times themselves are not tested.
#include "search/profile/profile.h"
#include "search/profile/check.h"

#include <torch/torch.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/image/network.h"
#include "network/compact.h"
#include "search/profile/module.h"
#include "search/profile/networks.h"
#include "support/test.h"

using namespace frugal;

namespace {

network::NetworkConfig small(const std::string& blocks = "3e1w8 | 5e3s2w8 3e6 3e6 Z") {
  network::CompactNetwork compact;
  compact.blocks = blocks;
  compact.stem = 8;
  compact.head = 16;
  compact.resolution = 16;
  compact.classes = 5;
  return network::expand(compact, "test");
}

// A device whose time is what a law says: 0.2 ms + 1.5 × the sum of the table.
class FakeDevice : public search::Device {
 public:
  explicit FakeDevice(search::LatencyTable table) : table_(std::move(table)) {}
  void measure(const std::vector<search::Piece>&, const Done&) override {}
  void measure(const std::vector<network::NetworkConfig>& networks, const Done& done) override {
    for (std::size_t i = 0; i < networks.size(); ++i) {
      done(i, {unit * (0.2 + 1.5 * search::predict(table_, networks[i]).total_ms), 0, 0, 1});
    }
  }
  double reference_ms() const override { return 0; }
  double unit = 1;

 private:
  search::LatencyTable table_;
};

search::LatencyTable made_up_table(const std::vector<network::NetworkConfig>& networks) {
  search::LatencyTable table;
  table.origin = "made up";
  for (const auto& network : networks) {
    for (const auto& piece : search::pieces_of(network)) {
      if (piece.is_free()) continue;
      const std::string key = search::key_of(piece, table.style).value();
      table.operations[key].ms = 0.1 + 0.01 * static_cast<double>(table.operations.size());
    }
  }
  return table;
}

}  // namespace

TEST_CASE("each operation is measured once, and free ones not at all", "[search]") {
  // stem, MBConv1, 5e3s2, 3e6 (twice the same), Z, mix, classifier.
  const auto operations = search::distinct_operations(search::pieces_of(small()));
  CHECK(operations.size() == 6);
}

TEST_CASE("the deployed form computes what the network computes in evaluation mode", "[search]") {
  // Without batch norm there is nothing to fold: only shapes and activations must agree, on random weights
  // the logits' shape.
  const auto network = small();
  const torch::NoGradGuard no_grad;
  for (const bool channels_last : {false, true}) {
    const auto input = search::made_up_input({3, 16, 16}, 2, channels_last);
    const auto logits = search::deployed(network, channels_last)(input);
    CHECK(logits.sizes().vec() == std::vector<std::int64_t>{2, 5});
    CHECK(torch::isfinite(logits).all().item<bool>());
    for (const auto& piece : search::pieces_of(network)) {
      const auto y =
          search::deployed(piece, channels_last)(search::made_up_input(piece.in, 2, channels_last));
      CHECK(y.numel() == 2 * piece.out.channels * piece.out.height * piece.out.width);
    }
  }
}

TEST_CASE("agreement: known errors and ranks", "[search]") {
  const auto result = search::agreement({1, 2, 4}, {1, 4, 4});
  CHECK(result.rmse_ms == Approx(std::sqrt(4.0 / 3)));
  CHECK(result.relative_rmse == Approx(std::sqrt(0.25 / 3)));
  CHECK(result.mean_relative_error == Approx(0.5 / 3));
  CHECK(result.rank_correlation == Approx(0.8660254));  // ranks 0 1 2 against 0 1.5 1.5
  CHECK(search::agreement({3, 2, 1}, {1, 2, 3}).rank_correlation == Approx(-1));
}

TEST_CASE("the check finds offset and scale, and judges held-out networks", "[search]") {
  std::vector<network::NetworkConfig> networks;
  for (const char* middle : {"3e6", "5e3", "7e6", "Z", "3e3", "5e6", "7e3"}) {
    networks.push_back(small(std::string("3e1w8 | 5e3s2w8 3e3 ") + middle));
    networks.push_back(small(std::string("3e1w8 | 3e6s2w8 ") + middle + " Z"));
  }
  auto table = made_up_table(networks);
  FakeDevice device(table);
  table.correction = {100, 7};  // of an earlier check: must play no part
  const auto check = search::check_prediction(table, networks, 6, device, true);
  CHECK(check.correction.scale == Approx(1.5));
  CHECK(check.correction.offset_ms == Approx(0.2));
  CHECK(check.corrected.relative_rmse < 1e-9);
  CHECK(check.corrected.networks == 8);
  CHECK(check.plain.relative_rmse > 0.1);
  CHECK(check.warning.empty());

  device.unit = 1e3;  // the table is in seconds, so to say
  CHECK(search::check_prediction(table, networks, 6, device, true).warning.find("in seconds?") !=
        std::string::npos);
  device.unit = 1e-3;
  CHECK(search::check_prediction(table, networks, 6, device, true).warning.find("in microseconds?") !=
        std::string::npos);
}

TEST_CASE("a correction is kept where cross-validation says so, and eats no network", "[search]") {
  using search::choose_correction;
  const std::vector<double> sums = {1, 2, 3, 4, 5, 6, 7, 8};
  const auto measured_by = [&](auto law) {
    std::vector<double> times;
    for (std::size_t i = 0; i < sums.size(); ++i) times.push_back(law(sums[i], i % 2 == 0 ? 1.0 : -1.0));
    return times;
  };
  const auto is = [](const search::Correction& correction, double offset, double scale) {
    return correction.offset_ms == Approx(offset).margin(1e-9) && correction.scale == Approx(scale);
  };
  // The table is right within its noise: nothing is corrected.
  CHECK(is(choose_correction(sums, measured_by([](double s, double e) { return s * (1 + 0.02 * e); }), 1), 0,
           1));
  // A scale alone says it all; an offset would fit noise.
  const auto twice =
      choose_correction(sums, measured_by([](double s, double e) { return 2 * s * (1 + 0.02 * e); }), 1);
  CHECK(twice.offset_ms == 0);
  CHECK(twice.scale == Approx(2).epsilon(0.02));
  const auto line = [](double offset) { return [offset](double s, double) { return offset + 1.5 * s; }; };
  CHECK(is(choose_correction(sums, measured_by(line(0.5)), 1), 0.5, 1.5));
  // −0.7 of a fastest network of 1.5 · 1 is kept, of one of 1.5 · 0.9 it would be more than half.
  CHECK(is(choose_correction(sums, measured_by(line(-0.7)), 1), -0.7, 1.5));
  CHECK(choose_correction(sums, measured_by(line(-0.7)), 0.9).offset_ms == 0);
  // Three networks judge nothing.
  CHECK(is(choose_correction({1, 2, 3}, {2, 4, 6}, 1), 0, 1));
}

TEST_CASE("a table is measured, resumed without measuring again, and refused for other settings",
          "[search]") {
  const test::TempDir folder;
  search::DeviceConfig config;
  config.name = "here";
  config.meter.rounds = 3;
  config.meter.sample_ms = 0.01;
  const auto operations = search::distinct_operations(search::pieces_of(small()));
  const std::string out = folder / "table.json";
  const std::vector<search::Piece> half(operations.begin(), operations.begin() + 3);
  const auto first = search::profile(half, config, {out, false, true});
  CHECK(first.operations.size() == 3);
  const auto whole = search::profile(operations, config, {out, true, true});
  CHECK(whole.operations.size() == operations.size());
  for (const auto& [key, measured] : first.operations) CHECK(whole.operations.at(key).ms == measured.ms);
  const auto again = search::profile(operations, config, {out, true, true});
  CHECK(search::to_json(again) == search::to_json(whole));
  CHECK(search::to_json(search::load_table(out)) == search::to_json(whole));
  config.batch = 2;
  CHECK_THROWS_AS(search::profile(operations, config, {out, true, true}), base::UserError);
  config.meter.clock = "cpu";
  config.threads = 2;
  CHECK_THROWS_AS(search::profile(operations, config, {out, false, true}), base::UserError);
}

TEST_CASE("operations are timed inside the networks given, where the table is new", "[search]") {
  const test::TempDir folder;
  search::DeviceConfig config;
  config.meter.rounds = 3;
  const auto operations = search::distinct_operations(search::pieces_of(small()));
  const std::vector<network::NetworkConfig> networks = {small(), small()};
  const auto table = search::profile(operations, config, {folder / "within.json", false, true}, networks);
  CHECK(table.operations.size() == operations.size());
  for (const auto& [key, measured] : table.operations) {
    INFO(key);
    CHECK(measured.ms > 0);
    CHECK(measured.repetitions == 2 * 3 * 5);  // networks, rounds, runs of a visit
  }
}

TEST_CASE("covering networks have every candidate of every block, three times or more", "[search]") {
  search::SpaceConfig config;
  config.resolution = 8;
  config.candidates = {"3e3", "5e3", "3e6", "Z"};
  config.stages = {{8, 2, 2, {}}, {16, 2, 1, {}}};
  const search::SearchSpace space(config, "");
  const auto networks = search::covering_networks(space, 1);
  for (std::size_t b = 0; b < space.blocks().size(); ++b) {
    for (const auto& candidate : space.blocks()[b].candidates) {
      const auto count =
          std::count_if(networks.begin(), networks.end(), [&](const network::NetworkConfig& network) {
            const auto piece = search::pieces_of(network)[1 + space.fixed_blocks() + b];
            const auto wanted = search::block_piece(candidate.block, space.blocks()[b].in, "");
            return search::key_of(piece, search::KeyStyle::own) ==
                   search::key_of(wanted, search::KeyStyle::own);
          });
      CHECK(count >= 3);
    }
  }
}
