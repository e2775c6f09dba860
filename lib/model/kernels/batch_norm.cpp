#include "model/kernels/batch_norm.h"

#include <torch/csrc/autograd/custom_function.h>

#include "base/error.h"
#include "model/kernels/batch_statistics.h"
#include "tensor/layout.h"

namespace frugal::model {
namespace {

class BatchNormClip final : public torch::autograd::Function<BatchNormClip> {
 public:
  // Weight and bias stand apart from `tensors`, so that autograd sees them.
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x_in,
                               const torch::Tensor& /*weight*/, const torch::Tensor& /*bias*/,
                               const BatchNormTensors* tensors, const NormConfig& config,
                               const SumOverProcesses* sum) {
    const torch::Tensor x = tensor::channels_last(x_in);
    const BatchStatistics statistics = batch_statistics(x, *tensors, config, *sum);
    torch::Tensor y = torch::empty_like(x);
    normalise(x, statistics.normalisation(config.low, config.high), y);
    context->save_for_backward({x, statistics.table});
    context->saved_data["low"] = static_cast<double>(config.low);
    context->saved_data["high"] = static_cast<double>(config.high);
    context->saved_data["count"] = statistics.count;
    context->saved_data["sum"] = reinterpret_cast<std::int64_t>(sum);
    return y;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               torch::autograd::tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor& x = saved[0];
    const BatchStatistics statistics{saved[1], context->saved_data["count"].toDouble()};
    const auto* sum = reinterpret_cast<const SumOverProcesses*>(context->saved_data["sum"].toInt());
    torch::Tensor dx = torch::empty_like(x);
    const NormGradients norm =
        normalisation_gradients(x, tensor::channels_last(gradients[0]), statistics,
                                static_cast<float>(context->saved_data["low"].toDouble()),
                                static_cast<float>(context->saved_data["high"].toDouble()), *sum, dx);
    const torch::Tensor none;
    return {dx, norm.d_weight, norm.d_bias, none, none, none};
  }
};

}  // namespace

torch::Tensor batch_norm_clip(const torch::Tensor& x, const BatchNormTensors& tensors,
                              const NormConfig& config, const SumOverProcesses& sum) {
  FRUGAL_ASSERT(x.dim() == 4 && x.scalar_type() == torch::kFloat32 && x.is_cpu(),
                "float32 images on the CPU");
  return BatchNormClip::apply(x, tensors.weight, tensors.bias, &tensors, config, &sum);
}

}  // namespace frugal::model
