#include "model/kernels/depthwise.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "model/kernels/batch_statistics.h"
#include "model/kernels/depthwise_kernel.h"
#include "tensor/layout.h"

namespace frugal::model {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// Images whose weight gradients are summed before they are added to the rest: fixed, so that the sum does not
// depend on the number of threads.
constexpr std::int64_t images_a_part = 4;

using Buffer = std::vector<float>;

std::size_t size_of(std::int64_t floats) { return static_cast<std::size_t>(floats); }

DepthwiseShape shape_of(const torch::Tensor& x, const torch::Tensor& weight, std::int64_t stride) {
  return {x.size(1), x.size(2), x.size(3), weight.size(2), stride};
}

Buffer packed_weights(const torch::Tensor& weight, const DepthwiseShape& shape) {
  const torch::Tensor plain = weight.contiguous();
  Buffer packed(size_of(shape.kernel * shape.kernel * shape.padded_channels()));
  pack_depthwise(plain.const_data_ptr<float>(), shape, packed.data());
  return packed;
}

// `norm` is applied to x on the way in; null for none.
torch::Tensor convolve(const torch::Tensor& x, const Normalisation* norm, const torch::Tensor& weight,
                       std::int64_t stride) {
  const DepthwiseShape shape = shape_of(x, weight, stride);
  const Buffer weights = packed_weights(weight, shape);
  torch::Tensor y = torch::empty({x.size(0), shape.channels, shape.out_height(), shape.out_width()},
                                 x.options().memory_format(torch::MemoryFormat::ChannelsLast));
  const float* from = x.const_data_ptr<float>();
  float* to = y.data_ptr<float>();
  at::parallel_for(0, x.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
    Buffer in(size_of(shape.in_buffer()));
    for (std::int64_t i = begin; i < end; ++i) {
      fill_buffer(from + i * shape.in_size(), shape.height, shape.width, shape.channels, shape.border(), norm,
                  in.data());
      depthwise_forward(in.data(), weights.data(), shape, to + i * shape.out_size());
    }
  });
  return y;
}

// Gradients by the normalised x (into dx, where it is defined) and by the weight, which is returned.
torch::Tensor convolve_backward(const torch::Tensor& x, const Normalisation* norm,
                                const torch::Tensor& weight, std::int64_t stride, const torch::Tensor& dy,
                                torch::Tensor& dx) {
  const DepthwiseShape shape = shape_of(x, weight, stride);
  const Buffer weights = packed_weights(weight, shape);
  const float *from = x.const_data_ptr<float>(), *gradient = dy.const_data_ptr<float>();
  float* to = dx.defined() ? dx.data_ptr<float>() : nullptr;
  const std::int64_t batch = x.size(0), parts = (batch + images_a_part - 1) / images_a_part;
  const auto weight_size = static_cast<std::int64_t>(weights.size());
  Buffer sums(size_of(std::max<std::int64_t>(1, parts) * weight_size));
  at::parallel_for(0, parts, 1, [&](std::int64_t begin, std::int64_t end) {
    Buffer in(size_of(shape.in_buffer())), out(size_of(shape.out_buffer()));
    for (std::int64_t i = begin * images_a_part; i < std::min(end * images_a_part, batch); ++i) {
      fill_buffer(from + i * shape.in_size(), shape.height, shape.width, shape.channels, shape.border(), norm,
                  in.data());
      fill_buffer(gradient + i * shape.out_size(), shape.out_height(), shape.out_width(), shape.channels,
                  shape.border(), nullptr, out.data());
      depthwise_backward_weight(in.data(), out.data(), shape, sums.data() + i / images_a_part * weight_size);
      if (to != nullptr) {
        depthwise_backward_input(out.data(), weights.data(), shape, to + i * shape.in_size());
      }
    }
  });
  for (std::int64_t part = 1; part < parts; ++part) {
    for (std::int64_t k = 0; k < weight_size; ++k) sums[size_of(k)] += sums[size_of(part * weight_size + k)];
  }
  torch::Tensor d_weight = torch::empty(weight.sizes(), weight.options());
  unpack_depthwise(sums.data(), shape, d_weight.data_ptr<float>());
  return d_weight;
}

class DepthwiseConv final : public torch::autograd::Function<DepthwiseConv> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x_in,
                               const torch::Tensor& weight, std::int64_t stride) {
    const torch::Tensor x = tensor::channels_last(x_in);
    context->save_for_backward({x, weight});
    context->saved_data["stride"] = stride;
    return convolve(x, nullptr, weight, stride);
  }

  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    torch::Tensor dx;
    if (context->needs_input_grad(0)) dx = torch::empty_like(saved[0]);
    const torch::Tensor d_weight =
        convolve_backward(saved[0], nullptr, saved[1], context->saved_data["stride"].toInt(),
                          tensor::channels_last(gradients[0]), dx);
    return {dx, d_weight, torch::Tensor()};
  }
};

class NormDepthwise final : public torch::autograd::Function<NormDepthwise> {
 public:
  // The norm's weight and bias stand apart from `tensors`, so that autograd sees them.
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x_in,
                               const torch::Tensor& /*norm_weight*/, const torch::Tensor& /*norm_bias*/,
                               const torch::Tensor& weight, const BatchNormTensors* tensors,
                               const NormConfig& config, const SumOverProcesses* sum, std::int64_t stride) {
    const torch::Tensor x = tensor::channels_last(x_in);
    const BatchStatistics statistics = batch_statistics(x, *tensors, config, *sum);
    const Normalisation norm = statistics.normalisation(config.low, config.high);
    context->save_for_backward({x, statistics.table, weight});
    context->saved_data["low"] = static_cast<double>(config.low);
    context->saved_data["high"] = static_cast<double>(config.high);
    context->saved_data["count"] = statistics.count;
    context->saved_data["sum"] = reinterpret_cast<std::int64_t>(sum);
    context->saved_data["stride"] = stride;
    return convolve(x, &norm, weight, stride);
  }

  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor& x = saved[0];
    const BatchStatistics statistics{saved[1], context->saved_data["count"].toDouble()};
    const auto low = static_cast<float>(context->saved_data["low"].toDouble());
    const auto high = static_cast<float>(context->saved_data["high"].toDouble());
    const auto* sum = reinterpret_cast<const SumOverProcesses*>(context->saved_data["sum"].toInt());
    const Normalisation norm = statistics.normalisation(low, high);
    torch::Tensor dx = torch::empty_like(x);
    const torch::Tensor d_weight = convolve_backward(
        x, &norm, saved[2], context->saved_data["stride"].toInt(), tensor::channels_last(gradients[0]), dx);
    const NormGradients of_norm = normalisation_gradients(x, dx, statistics, low, high, *sum, dx);
    const torch::Tensor none;
    return {dx, of_norm.d_weight, of_norm.d_bias, d_weight, none, none, none, none};
  }
};

void check(const torch::Tensor& x, const torch::Tensor& weight, std::int64_t stride) {
  FRUGAL_ASSERT(x.dim() == 4 && x.scalar_type() == torch::kFloat32 && x.is_cpu(),
                "float32 images on the CPU");
  FRUGAL_ASSERT(weight.size(0) == x.size(1) && weight.size(1) == 1 && weight.size(2) == weight.size(3) &&
                    depthwise_supports(weight.size(2), stride),
                "a depthwise kernel of 3, 5 or 7");
}

}  // namespace

torch::Tensor depthwise_conv(const torch::Tensor& x, const torch::Tensor& weight, std::int64_t stride) {
  check(x, weight, stride);
  return DepthwiseConv::apply(x, weight, stride);
}

torch::Tensor norm_depthwise(const torch::Tensor& x, const BatchNormTensors& tensors,
                             const NormConfig& config, const SumOverProcesses& sum,
                             const torch::Tensor& weight, std::int64_t stride) {
  check(x, weight, stride);
  return NormDepthwise::apply(x, tensors.weight, tensors.bias, weight, &tensors, config, &sum, stride);
}

}  // namespace frugal::model
