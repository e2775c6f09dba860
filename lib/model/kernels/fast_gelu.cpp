#include "model/kernels/fast_gelu.h"

#include <torch/torch.h>

#include "tensor/vector_loops.h"

namespace frugal::model {
namespace {

using torch::Tensor;

class Gelu : public torch::autograd::Function<Gelu> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x) {
    const Tensor value = torch::empty_like(x);
    Tensor slope = torch::empty_like(x);
    at::parallel_for(0, x.numel(), 1 << 15, [&](std::int64_t begin, std::int64_t end) {
      tensor::gelu_loop(x.const_data_ptr<float>() + begin, value.data_ptr<float>() + begin,
                        slope.data_ptr<float>() + begin, end - begin);
    });
    context->saved_data["slope"] = slope;
    return value;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    // The slope is used once: it becomes the gradient.
    Tensor slope = context->saved_data["slope"].toTensor();
    context->saved_data.erase("slope");
    const Tensor outer = gradients[0].contiguous();
    at::parallel_for(0, slope.numel(), 1 << 15, [&](std::int64_t begin, std::int64_t end) {
      tensor::multiply_loop(outer.const_data_ptr<float>() + begin, slope.data_ptr<float>() + begin,
                            end - begin);
    });
    return {slope};
  }
};

}  // namespace

Tensor gelu(const Tensor& x) {
  const bool fast = x.is_cpu() && x.scalar_type() == torch::kFloat32 && x.is_contiguous() &&
                    x.requires_grad() && torch::GradMode::is_enabled();
  return fast ? Gelu::apply(x) : torch::gelu(x);
}

}  // namespace frugal::model
