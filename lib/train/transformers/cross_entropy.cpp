#include "train/transformers/cross_entropy.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "tensor/vector_loops.h"

namespace frugal::train {
namespace {

using torch::Tensor;

// Each row while it is in cache. A logit that is not finite makes the whole loss so, as it should.
double rows_loss(Tensor& logits, const Tensor& targets, double scale) {
  const std::int64_t rows = logits.size(0), width = logits.size(1);
  auto* data = logits.data_ptr<float>();
  const auto* target = targets.const_data_ptr<std::int64_t>();
  std::vector<double> losses(static_cast<std::size_t>(rows));
  at::parallel_for(0, rows, 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      losses[static_cast<std::size_t>(i)] =
          tensor::cross_entropy_row(data + i * width, width, target[i], static_cast<float>(scale));
    }
  });
  double total = 0;
  for (const double loss : losses) total += loss;
  return total * scale;
}

// The logits' memory becomes the gradient: an output of a matrix product that nobody else reads. It is
// reached through detach(), since autograd would else count it as changed.
class CrossEntropy : public torch::autograd::Function<CrossEntropy> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& logits,
                        const Tensor& targets, double scale) {
    Tensor probabilities = logits.detach();
    if (logits.requires_grad() && logits.is_cpu() && logits.scalar_type() == torch::kFloat32 &&
        logits.is_contiguous() && targets.is_contiguous() && logits.size(1) > 0) {
      const double total = rows_loss(probabilities, targets, scale);
      context->saved_data["gradient"] = probabilities;
      return torch::full({}, total, logits.options());
    }
    const std::int64_t rows = logits.size(0);
    const Tensor log_sums = torch::logsumexp(probabilities, 1);
    const Tensor picked = probabilities.gather(1, targets.unsqueeze(1)).squeeze(1);
    const Tensor loss = (log_sums - picked).sum() * scale;
    if (logits.requires_grad()) {
      Tensor gradient = probabilities;  // scale · (softmax − one-hot), the scale inside the exponent
      gradient.sub_((log_sums - std::log(scale)).unsqueeze(1)).exp_();
      if (rows > 0) {
        gradient.scatter_add_(1, targets.unsqueeze(1), torch::full({rows, 1}, -scale, gradient.options()));
      }
      context->saved_data["gradient"] = gradient;
    }
    return loss;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    Tensor gradient = context->saved_data["gradient"].toTensor();
    context->saved_data.erase("gradient");
    const double outer = gradients[0].item<double>();
    if (outer != 1) gradient.mul_(outer);
    return {gradient, Tensor(), Tensor()};
  }
};

}  // namespace

Tensor scaled_cross_entropy(const Tensor& logits, const Tensor& targets, double scale) {
  FRUGAL_ASSERT(logits.dim() == 2 && targets.dim() == 1 && logits.size(0) == targets.size(0),
                "a row of logits a target");
  return CrossEntropy::apply(logits, targets, scale);
}

}  // namespace frugal::train
