// The torch module against the published network's reference logits, and its counts against the description.
#include "model/image/network.h"

#include <torch/torch.h>

#include "base/error.h"
#include "network/compact.h"
#include "support/test.h"
#include "tensor/safetensors.h"

using namespace frugal;

TEST_CASE("the published small network gives its reference logits", "[model]") {
  SKIP_WITHOUT_SHARED();
  const std::string stem = test::shared_data_dir() + "/nas/proxyless-w0.25-r112";
  model::ImageNetwork network(network::load_network(stem + ".json"));
  tensor::load_weights(network, stem + ".safetensors");
  network.eval();
  const checkpoint::SafetensorsFile reference(stem + ".reference.safetensors");
  const torch::NoGradGuard no_grad;
  const torch::Tensor input = tensor::read_tensor(reference, "input");
  const torch::Tensor expected = tensor::read_tensor(reference, "logits");
  CHECK((network.forward(input) - expected).abs().max().item<double>() < 1e-4);
  network.use_channels_last();
  const torch::Tensor nhwc = input.contiguous(torch::MemoryFormat::ChannelsLast);
  CHECK((network.forward(nhwc) - expected).abs().max().item<double>() < 1e-4);
}

TEST_CASE("the module has as many numbers as the description counts", "[model]") {
  network::CompactNetwork compact;
  compact.blocks = "3e1w8 | 5e3s2w16 3e6 Z | 3e2.5s1w24 3e3";
  compact.head = 32;
  compact.input_channels = 2;
  compact.classes = 7;
  compact.resolution = 20;
  network::NetworkConfig config = network::expand(compact, "test");
  config.blocks[2].mb_conv.use_se = true;
  config.blocks[2].mb_conv.activation = network::Activation::h_swish;
  config.blocks[1].mb_conv.mid_channels = 40;
  model::ImageNetwork network(config);
  std::int64_t count = 0;
  for (const torch::Tensor& parameter : network.parameters()) count += parameter.numel();
  CHECK(count == network::parameter_count(config));
  CHECK(network.forward(torch::randn({3, 2, 20, 20})).sizes() == c10::IntArrayRef({3, 7}));
  // The layer names of the cost table are the prefixes of the tensors' names.
  const auto names = network.named_parameters();
  for (const network::LayerCost& layer : network::layer_costs(config)) {
    INFO(layer.name);
    CHECK((names.contains(layer.name + ".conv.weight") || names.contains(layer.name + ".weight") ||
           names.contains(layer.name + ".linear.weight")));
  }
}

TEST_CASE("a skipped block is its shortcut", "[model]") {
  network::CompactNetwork compact;
  compact.blocks = "3e1w8 3e3 Z";
  compact.resolution = 8;
  compact.classes = 5;
  const auto with = network::expand(compact, "test");
  compact.blocks = "3e1w8 3e3";
  torch::manual_seed(1);
  model::ImageNetwork a(with);
  torch::manual_seed(1);
  model::ImageNetwork b(network::expand(compact, "test"));
  a.eval();
  b.eval();
  const torch::Tensor x = torch::randn({2, 3, 8, 8});
  CHECK(torch::equal(a.forward(x), b.forward(x)));
}

TEST_CASE("weights that do not fit are refused, and nothing is overwritten", "[model][tensor]") {
  test::TempDir folder;
  network::CompactNetwork compact;
  compact.blocks = "3e1w8 | 3e3s2w16";
  compact.resolution = 16;
  compact.classes = 10;
  model::ImageNetwork network(network::expand(compact, "test"));
  const std::string name = "blocks.1.mobile_inverted_conv.depth_conv.conv.weight";
  const auto message_of = [&](const tensor::NamedTensors& tensors) {
    tensor::write_tensors(folder / "w.safetensors", tensors);
    try {
      tensor::load_weights(network, folder / "w.safetensors");
    } catch (const base::UserError& error) {
      return std::string(error.what()) + " | " + error.hint();
    }
    return std::string("accepted");
  };
  tensor::NamedTensors good = tensor::state_of(network);
  for (auto& [key, value] : good) value = value.detach().clone();
  CHECK(message_of(good) == "accepted");

  tensor::NamedTensors misnamed = good;
  for (auto& [key, value] : misnamed) {
    if (key == name) key = "blocks.1.mobile_inverted_conv.depth_conv.conv.wieght";
    value = value + 1;
  }
  CHECK(message_of(misnamed).find("did you mean '" + name + "'") != std::string::npos);

  tensor::NamedTensors missing = good;
  std::erase_if(missing, [&](const auto& entry) { return entry.first == "classifier.linear.bias"; });
  CHECK(message_of(missing).find("classifier.linear.bias") != std::string::npos);

  tensor::NamedTensors reshaped = good;
  for (auto& [key, value] : reshaped) {
    value = key == name ? torch::zeros({24, 1, 5, 5}) : value + 1;
  }
  CHECK(message_of(reshaped).find("has the shape [24, 1, 5, 5], but the network needs [24, 1, 3, 3]") !=
        std::string::npos);

  for (const auto& [key, value] : tensor::state_of(network)) {
    for (const auto& [good_key, good_value] : good) {
      if (key == good_key) CHECK(torch::equal(value, good_value));
    }
  }
}
