// A supernet that begins with a trained network computes what the network does, where it has its shape.
#include "search/supernet/inherit.h"

#include <torch/torch.h>

#include <map>

#include "network/compact.h"
#include "support/test.h"

using namespace frugal;
using namespace frugal::search;

namespace {

SearchSpace space_of(std::int64_t stem, std::int64_t width) {
  SpaceConfig config;
  config.input_channels = 3;
  config.classes = 4;
  config.resolution = 16;
  config.stem = stem;
  config.first_block = 8;
  config.candidates = {"3e2", "5e2", "Z"};
  config.stages = {{width, 2, 2, {}}};
  config.head = 24;
  return {config, "test"};
}

}  // namespace

TEST_CASE("a supernet inherits a network's weights", "[search]") {
  const test::TempDir folder;
  network::CompactNetwork compact;
  compact.blocks = "3e1w8 | 3e2s2w16 3e2";
  compact.stem = 8;
  compact.head = 24;
  compact.classes = 7;
  compact.resolution = 16;
  const network::NetworkConfig source = network::expand(compact, "test");
  torch::manual_seed(1);
  model::ImageNetwork network(source);
  for (auto& [name, tensor] : tensor::state_of(network)) {
    const torch::NoGradGuard no_grad;
    if (name.ends_with("running_var"))
      tensor.uniform_(0.5, 2);
    else if (!name.ends_with("conv.weight"))
      tensor.normal_(0.5, 0.2);
  }
  test::write_text(folder / "network.json", network::to_text(source));
  tensor::write_tensors(folder / "w.safetensors", tensor::state_of(network));
  const PretrainedNetwork from{folder / "network.json", folder / "w.safetensors"};

  const SearchSpace space = space_of(8, 16);
  Supernet net(space);
  const Inherited inherited = inherit(net, from);
  CHECK(inherited.stem == "whole");
  // The path that is the network has its tensors, all but the classifier.
  std::map<std::string, torch::Tensor> theirs;
  for (const auto& [name, tensor] : tensor::state_of(network)) theirs[name] = tensor;
  std::size_t same = 0;
  for (const auto& [name, tensor] : net.path_state({0, 0})) {
    if (name.starts_with("classifier")) continue;
    CHECK(torch::equal(tensor, theirs.at(name)));
    ++same;
  }
  CHECK(same == theirs.size() - 2);
  // A kernel of 5 that began as one of 3 computes the same.
  net.eval();
  const torch::NoGradGuard no_grad;
  const torch::Tensor images = torch::randn({2, 3, 16, 16});
  CHECK(torch::allclose(net.forward_path(images, {0, 0}), net.forward_path(images, {1, 1}), 1e-4, 1e-5));
  CHECK(inherited.blocks.back().candidates[1] == "5e2: kernel widened");

  // Half of the channels are the network's largest, each with its own numbers.
  const SearchSpace narrow = space_of(4, 16);
  Supernet half(narrow);
  CHECK(inherit(half, from).stem == "channels by norm");
  const torch::Tensor weight = theirs.at("first_conv.conv.weight"), norms = weight.abs().sum({1, 2, 3});
  for (const auto& [name, tensor] : half.path_state({0, 0})) {
    if (name != "first_conv.conv.weight") continue;
    const torch::Tensor kept = std::get<0>(std::get<1>(norms.topk(4)).sort());
    CHECK(torch::equal(tensor, weight.index_select(0, kept)));
  }
  CHECK(within(space_of(64, 64).config(), from.network).stages[0].width == 16);
}
