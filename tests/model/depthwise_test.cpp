// Our depthwise convolution against torch's in double precision: every kernel and stride, channel counts that
// fill no vector, images smaller than the kernel.
#include "model/kernels/depthwise.h"

#include <torch/torch.h>

#include "support/test.h"
#include "tensor/layout.h"

using namespace frugal;

namespace {

double relative(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a.to(torch::kFloat64) - b).abs().max() / b.abs().max()).item<double>();
}

}  // namespace

TEST_CASE("depthwise convolution and its gradients are torch's", "[model]") {
  torch::manual_seed(1);
  const std::vector<std::vector<std::int64_t>> sizes = {
      {3, 16, 9, 10}, {2, 13, 4, 4}, {5, 24, 7, 5}, {2, 1, 6, 6}, {1, 40, 1, 3}};
  for (const auto& size : sizes) {
    for (const std::int64_t kernel : {3, 5, 7}) {
      for (const std::int64_t stride : {1, 2}) {
        INFO(size[1] << " channels of " << size[2] << "x" << size[3] << ", kernel " << kernel << ", stride "
                     << stride);
        const torch::Tensor x = tensor::channels_last(torch::randn(size)).requires_grad_();
        const torch::Tensor weight = torch::randn({size[1], 1, kernel, kernel}).requires_grad_();
        const torch::Tensor exact_x = x.detach().to(torch::kFloat64).requires_grad_();
        const torch::Tensor exact_weight = weight.detach().to(torch::kFloat64).requires_grad_();
        const torch::Tensor y = model::depthwise_conv(x, weight, stride);
        const torch::Tensor want = torch::conv2d(exact_x, exact_weight, {}, stride, kernel / 2, 1, size[1]);
        REQUIRE(y.sizes() == want.sizes());
        CHECK(relative(y.detach(), want.detach()) < 2e-6);
        const torch::Tensor dy = torch::randn_like(want);
        y.backward(dy.to(torch::kFloat32));
        want.backward(dy.to(torch::kFloat32).to(torch::kFloat64));
        CHECK(relative(x.grad(), exact_x.grad()) < 2e-6);
        CHECK(relative(weight.grad(), exact_weight.grad()) < 5e-6);
      }
    }
  }
}

TEST_CASE("depthwise gradients are the same bytes for any number of threads", "[model]") {
  torch::manual_seed(2);
  const torch::Tensor start = torch::randn({11, 24, 8, 8}), kernel = torch::randn({24, 1, 5, 5});
  std::vector<torch::Tensor> gradients;
  const int before = torch::get_num_threads();
  for (const int threads : {1, 2}) {
    torch::set_num_threads(threads);
    const torch::Tensor weight = kernel.clone().requires_grad_();
    model::depthwise_conv(tensor::channels_last(start), weight, 1).square().sum().backward();
    gradients.push_back(weight.grad());
  }
  torch::set_num_threads(before);
  CHECK(torch::equal(gradients[0], gradients[1]));
}

TEST_CASE("batch norm, clip and depthwise convolution are one operation", "[model]") {
  for (const std::int64_t stride : {1, 2}) {
    torch::manual_seed(3);
    const std::int64_t channels = 21;
    const torch::Tensor start = tensor::channels_last(torch::randn({6, channels, 8, 7}) * 2 + 1);
    const torch::Tensor norm_weight = torch::rand({channels}) + 0.5, norm_bias = torch::randn({channels}) + 1;
    const torch::Tensor kernel = torch::randn({channels, 1, 5, 5});
    const model::NormConfig config{0.1, 1e-3, 0.0F, 6.0F};
    std::vector<std::vector<torch::Tensor>> results;
    for (const bool one : {true, false}) {
      const torch::Tensor x = start.clone().requires_grad_(), weight = kernel.clone().requires_grad_();
      const model::BatchNormTensors norm{norm_weight.clone().requires_grad_(),
                                         norm_bias.clone().requires_grad_(), torch::zeros({channels}),
                                         torch::ones({channels})};
      const model::SumOverProcesses alone;
      const torch::Tensor y =
          one ? model::norm_depthwise(x, norm, config, alone, weight, stride)
              : model::depthwise_conv(model::batch_norm_clip(x, norm, config, alone), weight, stride);
      torch::manual_seed(4);
      y.backward(torch::randn_like(y));
      results.push_back({y.detach(), x.grad(), weight.grad(), norm.weight.grad(), norm.bias.grad(),
                         norm.running_mean, norm.running_var});
    }
    for (std::size_t i = 0; i < results[0].size(); ++i) {
      INFO("result " << i << ", stride " << stride);
      CHECK(relative(results[0][i], results[1][i].to(torch::kFloat64)) < 2e-6);
    }
  }
}
