// The one walk over a network: its graph has the published counts, its pieces tile it, and a new kind of
// layer needs no more than its own file and a line in the table of kinds.
#include "network/lower.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "config/json_node.h"
#include "ir/count.h"
#include "ir/text.h"
#include "network/compact.h"
#include "support/message_of.h"
#include "support/scaled_layer.h"
#include "support/test.h"

using namespace frugal;

namespace {

ir::NodeRange nodes_of(const network::Part& part) { return {part.first_node, part.end_node}; }

network::NetworkConfig small() {
  network::CompactNetwork compact;
  compact.blocks = "3e1w8 | 5e3s2w16 3e6 Z";
  compact.head = 32;
  compact.resolution = 20;
  compact.classes = 7;
  network::NetworkConfig network = network::expand(compact, "test");
  auto squeezed = *network.blocks[2].as<network::MBConvLayer>();
  squeezed.use_se = true;
  squeezed.activation = network::Activation::h_swish;
  network.blocks[2].set(squeezed);
  return network;
}

}  // namespace

TEST_CASE("the pieces of a network tile its graph, and each alone costs the same", "[network]") {
  const network::Lowered lowered = network::lower(small());
  ir::NodeId next = 0;
  network::Shape shape{3, 20, 20};
  for (const network::Part& part : lowered.parts) {
    INFO(part.name);
    CHECK(part.first_node == next);
    CHECK(part.in == shape);
    next = part.end_node;
    shape = part.out;
    const network::Lowered alone = network::lower(part);
    CHECK(alone.parts.front().out == part.out);
    for (const auto count : {ir::parameter_count, ir::mac_count, ir::flash_bytes, ir::sram_bytes}) {
      CHECK(count(*alone.graph, ir::whole(*alone.graph)) == count(*lowered.graph, nodes_of(part)));
    }
  }
  CHECK(next == static_cast<ir::NodeId>(lowered.graph->nodes.size()));
  CHECK(shape == network::Shape{7, 1, 1});
  CHECK(ir::from_text(ir::to_text(*lowered.graph), "text") == *lowered.graph);
}

TEST_CASE("peak memory of a block holds what its shortcut and its squeeze still read", "[network]") {
  const network::Lowered lowered = network::lower(small());
  // 16 channels at 5x5, 96 in the middle: expansion, depthwise and projection hold the block's input; the
  // squeeze to 24 channels holds the map that it scales.
  const std::int64_t in = 16 * 25, middle = 96 * 25;
  CHECK(ir::sram_bytes(*lowered.graph, nodes_of(lowered.parts[3])) == middle + middle + in);
  // The head: pool and classifier in one step.
  CHECK(ir::sram_bytes(*lowered.graph, nodes_of(lowered.parts.back())) == 32 * 25 + 32 + 7);
}

TEST_CASE("a network whose layers do not fit names the layer's place", "[network]") {
  network::NetworkConfig network = small();
  auto layer = *network.blocks[1].as<network::MBConvLayer>();
  layer.in_channels = 24;
  network.blocks[1].set(layer);
  const auto message = [&] { return test::message_of([&] { network::lower(network, 0, "n.json"); }); };
  CHECK(message() ==
        "n.json:/blocks/1/mobile_inverted_conv/inverted_bottleneck: takes 24 channels, but what comes before "
        "gives 8");
  network = small();
  network.blocks[1].shortcut = true;
  CHECK(message() == "n.json:/blocks/1: has a shortcut from 8x10x10 to 16x5x5");
  network = small();
  network.classifier.in_features = 33;
  CHECK(message() == "n.json:/classifier: takes 33 features, but what comes before gives 32");
}

TEST_CASE("a new kind of layer is its own file and a line in the table of kinds", "[network]") {
  auto json = nlohmann::json::parse(network::to_text(small()));
  json["blocks"][3]["mobile_inverted_conv"] = {{"name", "ScaledLayer"}, {"channels", 16}};
  CHECK(test::message_of([&] {
          network::read_network(json, "n.json");
        }).find("unknown operation 'ScaledLayer'") != std::string::npos);
  network::LayerKinds kinds = network::layer_kinds();
  kinds.push_back({"ScaledLayer", test::read_scaled_layer});
  const network::NetworkConfig network = network::read_network(json, "n.json", kinds);
  CHECK(network.blocks[3].as<test::ScaledLayer>() != nullptr);
  CHECK(nlohmann::json::parse(network::to_text(network)) == json);
  // A depthwise 3x3 with batch norm more than before, on 16 channels at 5x5.
  CHECK(network::parameter_count(network) == network::parameter_count(small()) + 16 * 9 + 32);
  CHECK(network::mac_count(network) == network::mac_count(small()) + 16 * 9 * 25);
  const ir::Graph graph = *network::lower(network).graph;
  CHECK(ir::from_text(ir::to_text(graph), "text") == graph);
}
