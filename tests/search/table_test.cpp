// Latency tables: keys of every kind of piece as the other projects' programs spell them (written out here by
// hand), sums, what is missing, units, and what is refused.
#include "search/cost/table.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "network/compact.h"
#include "support/test.h"

using namespace frugal;
using search::LatencyTable;

namespace {

// 32 px: stem to 16x16x8, MBConv1 to 8, a stage with stride 2, a block with shortcut, Zero, mix, classifier.
network::NetworkConfig small() {
  network::CompactNetwork compact;
  compact.blocks = "3e1w8 | 5e3s2w16 7e6 Z";
  compact.stem = 8;
  compact.head = 64;
  compact.resolution = 32;
  compact.classes = 10;
  return network::expand(compact, "test");
}

const char* const proxyless_yaml =
    "Conv-input:32x32x3-output:16x16x8: {count: 3, mean: 1.125, std: 0.1}\n"
    "expanded_conv-input:16x16x8-output:16x16x8-expand:1-kernel:3-stride:1-idskip:0:\n"
    "  mean: 2.25\n"
    "expanded_conv-input:16x16x8-output:8x8x16-expand:3-kernel:5-stride:2-idskip:0: {mean: 0.5}\n"
    "expanded_conv-input:8x8x16-output:8x8x16-expand:6-kernel:7-stride:1-idskip:1: {mean: 4.0}\n"
    "Conv_1-input:8x8x16-output:8x8x64: {mean: 0.25}\n"
    "Logits-input:8x8x64-output:10: {mean: 0.0625}\n"
    "expanded_conv-input:8x8x16-output:8x8x16-expand:6-kernel:7-stride:1-idskip:0: {mean: 100}\n";

LatencyTable table_of(const std::string& text, const std::string& format = "auto") {
  const test::TempDir folder;
  test::write_text(folder / "t", text);
  LatencyTable table = search::load_table(folder / "t", format);
  table.origin = "t";
  return table;
}

std::string error_of(const std::string& text, const std::string& format = "auto") {
  try {
    search::predict(table_of(text, format), small());
  } catch (const base::UserError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a YAML table's keys are built as ProxylessNAS builds them", "[search]") {
  const auto prediction = search::predict(table_of(proxyless_yaml), small());
  CHECK(prediction.total_ms == 1.125 + 2.25 + 0.5 + 4.0 + 0.25 + 0.0625);
  REQUIRE(prediction.pieces.size() == 7);
  CHECK(prediction.pieces[4].name == "blocks.3");  // Zero: the shortcut alone costs nothing
  CHECK(prediction.pieces[4].ms == 0);
  CHECK(prediction.pieces[3].key ==
        "expanded_conv-input:8x8x16-output:8x8x16-expand:6-kernel:7-stride:1-idskip:1");
}

TEST_CASE("odd sizes round up, as the network itself does", "[search]") {
  // 30 px -> 15 after the stem -> 8 (not 15 / 2 = 7) after the stage with stride 2.
  auto network = small();
  network.resolution = 30;
  const auto pieces = search::pieces_of(network);
  CHECK(search::key_of(pieces[2], search::KeyStyle::proxyless).value() ==
        "expanded_conv-input:15x15x8-output:8x8x16-expand:3-kernel:5-stride:2-idskip:0");
  CHECK(search::key_of(pieces.back(), search::KeyStyle::proxyless).value() ==
        "Logits-input:8x8x64-output:10");
}

TEST_CASE("Once-for-all's MobileNetV3 keys carry middle channels, squeeze and h-swish", "[search]") {
  network::MBConvLayer layer;
  layer.in_channels = layer.out_channels = 24;
  layer.kernel_size = 5;
  layer.expand_ratio = 4;
  layer.use_se = true;
  layer.activation = network::Activation::h_swish;
  network::Block block;
  block.set(layer);
  block.shortcut = true;
  const auto piece = search::block_piece(block, {24, 28, 28}, "blocks.1");
  CHECK(search::key_of(piece, search::KeyStyle::mobilenetv3).value() ==
        "expanded_conv-input:28x28x24-output:28x28x24-expand:96-kernel:5-stride:1-idskip:1-se:1-hs:1");
  // TF-NAS writes the squeezed channels: the input's at ratio 4.
  CHECK(search::key_of(piece, search::KeyStyle::tf_nas).value() ==
        "MBInvertedResBlock_28_24_24_24_k5_s1_swish/96");
  CHECK(search::key_of(piece, search::KeyStyle::own).value() ==
        "mb_conv 24x28x28 -> 24x28x28 k5 s1 m96 h_swish se skip");
}

TEST_CASE("every missing key is named, once", "[search]") {
  const std::string message = error_of("Conv-input:32x32x3-output:16x16x8: {mean: 1}\n");
  CHECK(message.find("needs 5 operations") != std::string::npos);
  for (const char* key :
       {"expand:1-kernel:3", "expand:3-kernel:5", "expand:6-kernel:7", "Conv_1-", "Logits-"}) {
    INFO(key);
    CHECK(message.find(key) != std::string::npos);
  }
}

TEST_CASE("a table of our own is written as it was read; units are read", "[search]") {
  LatencyTable table;
  std::vector<std::string> none;
  for (const auto& piece : search::pieces_of(small())) {
    if (!piece.is_free()) table.operations[search::key_of(piece, table.style).value()].ms = 1.5;
  }
  table.threads = 2;
  table.batch = 4;
  table.correction = {0.25, 2};
  const std::string text = search::to_json(table).dump();
  const LatencyTable again = table_of(text);
  CHECK(search::to_json(again).dump() == text);
  CHECK(search::predict(again, small()).total_ms == 0.25 + 2 * 6 * 1.5);

  auto json = nlohmann::json::parse(text);
  json["unit"] = "us";
  json.erase("correction");
  CHECK(search::predict(table_of(json.dump()), small()).total_ms == Approx(6 * 1.5e-3));
  json["unit"] = "minutes";
  CHECK(error_of(json.dump()).find("unknown unit 'minutes'") != std::string::npos);
}

TEST_CASE("the shared TF-NAS tables are read and sum up", "[search]") {
  SKIP_WITHOUT_SHARED();
  const std::string path = test::shared_data_dir() + "/nas/latency_xeon6130.json";
  const LatencyTable table = search::load_table(path);
  CHECK(table.style == search::KeyStyle::tf_nas);
  network::CompactNetwork compact;
  compact.blocks = "3e1w16 | 3e3s2w24 5e6";
  compact.stem = 32;
  const auto prediction = search::predict(table, network::expand(compact, "test"));
  const auto json = nlohmann::json::parse(base::read_text(path));
  const double expected = json["base"].get<double>() +
                          json["MBInvertedResBlock_112_16_0_24_k3_s2_relu"]["48"].get<double>() +
                          json["MBInvertedResBlock_56_24_0_24_k5_s1_relu"]["144"].get<double>();
  CHECK(prediction.total_ms == Approx(expected).epsilon(1e-12));
}

TEST_CASE("what is no latency table is refused with its place", "[search]") {
  CHECK(error_of("").find("is empty") != std::string::npos);
  CHECK(error_of("[1, 2]").find("must be a map") != std::string::npos);
  CHECK(error_of("a: {std: 1}\n").find("'a' has no mean") != std::string::npos);
  CHECK(error_of("a: {mean: fast}\n").find("'a' must have a number of milliseconds") != std::string::npos);
  CHECK(error_of("a: {mean: -1}\n").find("must be a time in milliseconds") != std::string::npos);
  CHECK(error_of("a: {mean: [1\n").find("not YAML") != std::string::npos);
  CHECK(error_of("{\"operations\": {\"a\": {\"ms\": -3}}}").find("/operations/a/ms") != std::string::npos);
  CHECK(error_of("{\"operations\": {}}").find("has no operation") != std::string::npos);
  CHECK(error_of("{\"a\": 1}", "tf-nas").find("needs the key 'base'") != std::string::npos);
}
