// Networks that we export come back in: ONNX written by network/float_onnx.h, read by lib/network/import,
// gives the same logits.
#include <torch/torch.h>

#include "base/file.h"
#include "in_float/network.h"
#include "model/image/network.h"
#include "network/compact.h"
#include "network/import/load.h"
#include "network/import/trained_onnx.h"
#include "support/test.h"
#include "tensor/safetensors.h"

using namespace frugal;

namespace {

// The largest difference of logits between the module and its export, read back in.
double difference(model::ImageNetwork& network, const network::NetworkConfig& config,
                  const std::string& weights, const torch::Tensor& images) {
  const test::TempDir folder;
  base::write_text(folder / "net.onnx", network::trained_onnx(config, weights));
  const ir::Model imported = network::load_model(folder / "net.onnx").model;
  const in_float::Network run(imported);
  const torch::NoGradGuard no_grad;
  network.eval();
  const torch::Tensor expected = network.forward(images);
  return (run(images) - expected).abs().max().item<double>();
}

}  // namespace

TEST_CASE("an exported network comes back in with the same logits", "[model]") {
  network::CompactNetwork compact;
  compact.blocks = "3e1w8 | 5e3s2w16 3e6 Z | 3e2.5s1w24 3e3";
  compact.head = 32;
  compact.classes = 7;
  compact.resolution = 20;
  network::NetworkConfig config = network::expand(compact, "test");
  auto squeezed = *config.blocks[2].as<network::MBConvLayer>();
  squeezed.use_se = true;
  squeezed.activation = network::Activation::h_swish;
  config.blocks[2].set(squeezed);
  torch::manual_seed(1);
  model::ImageNetwork network(config);
  network.forward(torch::randn({8, 3, 20, 20}));  // running statistics that are not 0 and 1
  const test::TempDir folder;
  tensor::write_tensors(folder / "w.safetensors", tensor::state_of(network));
  CHECK(difference(network, config, folder / "w.safetensors", torch::randn({1, 3, 20, 20})) < 1e-5);
}

TEST_CASE("the published small network comes back in with the same logits", "[model]") {
  SKIP_WITHOUT_SHARED();
  const std::string stem = test::shared_data_dir() + "/nas/proxyless-w0.25-r112";
  const network::NetworkConfig config = network::load_network(stem + ".json");
  model::ImageNetwork network(config);
  tensor::load_weights(network, stem + ".safetensors");
  const checkpoint::SafetensorsFile reference(stem + ".reference.safetensors");
  CHECK(difference(network, config, stem + ".safetensors", tensor::read_tensor(reference, "input")) < 1e-5);
}
