// What other projects call the tensors of one small network, block by block as their own files have them.
#include "model/pretrained/names.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "model/pretrained/pretrained.h"
#include "network/compact.h"
#include "support/test.h"

using namespace frugal;

namespace {

// A plain block, one that expands, and a MobileNetV3's with squeeze-and-excitation, its end after the pool.
network::NetworkConfig network_of(bool v3) {
  network::CompactNetwork compact;
  compact.blocks = "3e1w8 | 3e2s2w16 3e2";
  compact.stem = 8;
  compact.head = 32;
  compact.classes = 5;
  compact.resolution = 32;
  network::NetworkConfig network = network::expand(compact, "test");
  if (!v3) return network;
  auto layer = *network.blocks[2].as<network::MBConvLayer>();
  layer.use_se = true;
  network.blocks[2].set(layer);
  network.final_expand_layer = network.feature_mix_layer;
  network.final_expand_layer->out_channels = 24;
  network.feature_mix_layer->in_channels = 24;
  network.feature_mix_layer->use_bn = false;
  network.feature_mix_layer->bias = true;
  return network;
}

// The names of one tensor a layer, of a file that has just these.
std::vector<std::string> layers_in(const network::NetworkConfig& network, const std::set<std::string>& file) {
  const auto has = [&](const std::string& name) { return file.contains(name); };
  const auto& family = model::recognise_family(has, "file");
  std::vector<std::string> layers;
  for (const auto& [ours, theirs] : model::names_in(family, network, has)) {
    if (ours.ends_with("weight")) layers.push_back(theirs.substr(0, theirs.size() - 7));
  }
  std::sort(layers.begin(), layers.end());
  return layers;
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("names of torchvision, timm and Once-for-all", "[pretrained]") {
  CHECK(layers_in(network_of(false), {"features.1.conv.0.0.weight"}) ==
        sorted({"features.0.0",        "features.0.1",        "features.1.conv.0.0", "features.1.conv.0.1",
                "features.1.conv.1",   "features.1.conv.2",   "features.2.conv.0.0", "features.2.conv.0.1",
                "features.2.conv.1.0", "features.2.conv.1.1", "features.2.conv.2",   "features.2.conv.3",
                "features.3.conv.0.0", "features.3.conv.0.1", "features.3.conv.1.0", "features.3.conv.1.1",
                "features.3.conv.2",   "features.3.conv.3",   "features.4.0",        "features.4.1",
                "classifier.1"}));
  CHECK(layers_in(network_of(true), {"features.1.block.0.0.weight"}) ==
        sorted({"features.0.0",         "features.0.1",           "features.1.block.0.0",
                "features.1.block.0.1", "features.1.block.1.0",   "features.1.block.1.1",
                "features.2.block.0.0", "features.2.block.0.1",   "features.2.block.1.0",
                "features.2.block.1.1", "features.2.block.2.0",   "features.2.block.2.1",
                "features.3.block.0.0", "features.3.block.0.1",   "features.3.block.1.0",
                "features.3.block.1.1", "features.3.block.2.fc1", "features.3.block.2.fc2",
                "features.3.block.3.0", "features.3.block.3.1",   "features.4.0",
                "features.4.1",         "classifier.0",           "classifier.3"}));
  const std::set<std::string> timm = {"conv_stem.weight", "blocks.0.0.conv_dw.weight",
                                      "blocks.1.0.conv_dw.weight", "blocks.1.1.conv_dw.weight"};
  CHECK(layers_in(network_of(true), timm) == sorted({"conv_stem",
                                                     "bn1",
                                                     "blocks.0.0.conv_dw",
                                                     "blocks.0.0.bn1",
                                                     "blocks.0.0.conv_pw",
                                                     "blocks.0.0.bn2",
                                                     "blocks.1.0.conv_pw",
                                                     "blocks.1.0.bn1",
                                                     "blocks.1.0.conv_dw",
                                                     "blocks.1.0.bn2",
                                                     "blocks.1.0.conv_pwl",
                                                     "blocks.1.0.bn3",
                                                     "blocks.1.1.conv_pw",
                                                     "blocks.1.1.bn1",
                                                     "blocks.1.1.conv_dw",
                                                     "blocks.1.1.bn2",
                                                     "blocks.1.1.se.conv_reduce",
                                                     "blocks.1.1.se.conv_expand",
                                                     "blocks.1.1.conv_pwl",
                                                     "blocks.1.1.bn3",
                                                     "blocks.2.0.conv",
                                                     "blocks.2.0.bn1",
                                                     "conv_head",
                                                     "classifier"}));
  const auto mcunet = layers_in(network_of(false), {"blocks.0.conv.depth_conv.conv.weight"});
  CHECK(std::count(mcunet.begin(), mcunet.end(), "blocks.2.conv.inverted_bottleneck.bn") == 1);
  CHECK_THROWS_AS(layers_in(network_of(false), {"encoder.weight"}), base::UserError);
}

TEST_CASE("our own files, and a supernet's doubled names", "[pretrained]") {
  const test::TempDir folder;
  const network::NetworkConfig config = network_of(true);
  model::ImageNetwork source(config);
  tensor::NamedTensors doubled;
  for (const auto& [name, tensor] : tensor::state_of(source)) {
    std::string theirs = name;
    for (const char* part : {"point_linear.conv.", "depth_conv.bn."}) {
      const auto at = theirs.find(part);
      const std::string text(part);
      const std::string last = text.substr(text.find('.') + 1);
      if (at != std::string::npos) theirs.insert(at + text.size(), last);
    }
    doubled.emplace_back("module." + theirs, tensor);
  }
  const std::string path = folder / "w.safetensors";
  tensor::write_tensors(path, doubled);
  model::ImageNetwork network(config);
  const model::Loaded loaded = model::load_pretrained(network, path, true);
  CHECK(loaded.passed_over.empty());
  const auto theirs = tensor::state_of(source), ours = tensor::state_of(network);
  for (std::size_t i = 0; i < ours.size(); ++i) CHECK(torch::equal(ours[i].second, theirs[i].second));
}
