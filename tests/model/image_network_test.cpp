// The torch module against the published network's reference logits, and its counts against the description.
#include "model/image/network.h"

#include <torch/torch.h>

#include "base/error.h"
#include "ir/text.h"
#include "model/image/graph_forward.h"
#include "network/compact.h"
#include "network/lower.h"
#include "support/random_graph.h"
#include "support/scaled_layer.h"
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
  auto squeezed = *config.blocks[2].as<network::MBConvLayer>();
  squeezed.use_se = true;
  squeezed.activation = network::Activation::h_swish;
  config.blocks[2].set(squeezed);
  auto narrow = *config.blocks[1].as<network::MBConvLayer>();
  narrow.mid_channels = 40;
  config.blocks[1].set(narrow);
  model::ImageNetwork network(config);
  std::int64_t count = 0;
  for (const torch::Tensor& parameter : network.parameters()) count += parameter.numel();
  CHECK(count == network::parameter_count(config));
  CHECK(network.forward(torch::randn({3, 2, 20, 20})).sizes() == c10::IntArrayRef({3, 7}));
  // The names and shapes of the graph's parameters and states are the module's, and it computes the same.
  network.eval();
  const torch::NoGradGuard no_grad;
  const auto names = network.named_parameters(), buffers = network.named_buffers();
  const auto graph = network::lower(config).graph;
  std::vector<torch::Tensor> held;
  for (const ir::Tensor& tensor : graph->tensors) {
    held.emplace_back();
    if (tensor.role != ir::Role::parameter && tensor.role != ir::Role::state) continue;
    INFO(tensor.name);
    const torch::Tensor* found =
        names.find(tensor.name) != nullptr ? names.find(tensor.name) : buffers.find(tensor.name);
    REQUIRE(found != nullptr);
    CHECK(found->sizes().vec() == tensor.shape);
    held.back() = *found;
  }
  const model::GraphForward run(graph, 0, ir::whole(*graph).end, held);
  const torch::Tensor images = torch::randn({3, 2, 20, 20}), before = images.clone();
  CHECK(torch::allclose(run(images, {}), network.forward(images), 1e-5, 1e-6));
  CHECK(torch::equal(images, before));
}

TEST_CASE("a kind of layer without a module of its own trains operator by operator", "[model]") {
  network::CompactNetwork compact;
  compact.blocks = "3e1w8 3e3";
  compact.resolution = 16;
  compact.classes = 3;
  network::NetworkConfig config = network::expand(compact, "test");
  test::ScaledLayer layer;
  layer.channels = 8;
  config.blocks[1].set(layer);
  torch::manual_seed(1);
  model::ImageNetwork network(config);
  CHECK(network.named_parameters().contains("blocks.1.mobile_inverted_conv.conv.weight"));
  CHECK(network.named_buffers().contains("blocks.1.mobile_inverted_conv.bn.running_var"));
  const torch::Tensor images = torch::randn({12, 3, 16, 16}), labels = torch::arange(12).remainder(3);
  torch::optim::SGD sgd(network.parameters(), torch::optim::SGDOptions(0.1).momentum(0.9));
  double first = 0, last = 0;
  for (int step = 0; step < 30; ++step) {
    const torch::Tensor loss = torch::cross_entropy_loss(network.forward(images), labels);
    sgd.zero_grad();
    loss.backward();
    sgd.step();
    last = loss.item<double>();
    if (step == 0) first = last;
  }
  CHECK(last < 0.5 * first);
  network.use_channels_last();
  network.eval();
  CHECK(network.forward(images).sizes() == c10::IntArrayRef({12, 3}));
}

TEST_CASE("torch computes random graphs with the shapes of the operators' rules", "[model]") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const auto graph = std::make_shared<const ir::Graph>(test::random_graph(seed));
    INFO(ir::to_text(*graph));
    if (graph->inputs.size() > 1) continue;
    std::vector<torch::Tensor> held;
    for (const ir::Tensor& tensor : graph->tensors) held.push_back(torch::ones(tensor.shape));
    const model::GraphForward run(graph, 0, ir::whole(*graph).end, held);
    const torch::Tensor out = run(torch::randn(graph->tensor(graph->inputs.front()).shape), {});
    CHECK(out.sizes().vec() == graph->tensor(graph->outputs.front()).shape);
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
