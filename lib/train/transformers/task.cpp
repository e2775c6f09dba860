#include "train/transformers/task.h"

#include <torch/torch.h>

namespace frugal::train {

using torch::Tensor;

TransformerTask::TransformerTask(const model::TransformerConfig& model, const model::Weights& weights,
                                 Objective& objective, std::int64_t accumulate, const DropConfig& drop,
                                 std::uint64_t seed, std::int64_t evaluate_steps, Communicator& communicator)
    : model_(model),
      objective_(objective),
      accumulate_(accumulate),
      drop_(drop),
      seed_(seed),
      evaluate_steps_(evaluate_steps),
      communicator_(communicator) {
  const model::Weights fused = model::fuse(model, weights);
  for (const auto& [name, tensor] : fused.list()) {
    weights_.set(name,
                 tensor.detach().to(torch::kFloat32).clone(torch::MemoryFormat::Contiguous).requires_grad_());
  }
}

std::int64_t TransformerTask::steps_per_epoch() const {
  return evaluate_steps_ > 0 ? evaluate_steps_ : objective_.steps_per_epoch();
}

void TransformerTask::start(std::int64_t step) { objective_.start(step); }

StepLoss TransformerTask::loss(std::int64_t step) {
  const std::int64_t rows = objective_.batch_size() / communicator_.size() / accumulate_;
  const auto options = [&](std::int64_t part) {
    if (!drop_.any()) return model::ForwardOptions{};
    const std::int64_t draw = (step * accumulate_ + part) * communicator_.size() + communicator_.rank();
    return draw_drops(drop_, model_, seed_, draw, rows, objective_.tokens_per_example());
  };
  Tensor loss = objective_.loss(weights_, step, accumulate_ - 1, accumulate_, options(accumulate_ - 1));
  if (accumulate_ > 1) {
    // The other parts go backward one by one into parameters that share the memory of the true ones; their
    // gradients then join the last part's through a product whose value is taken off again. So the loop sees
    // one backward pass (and sums over processes once), and one part's activations are held at a time.
    model::Weights proxies;
    for (const auto& [name, tensor] : weights_.list()) proxies.set(name, tensor.detach().requires_grad_());
    Tensor others = torch::zeros({}, loss.options());
    for (std::int64_t part = 0; part + 1 < accumulate_; ++part) {
      const Tensor one = objective_.loss(proxies, step, part, accumulate_, options(part));
      one.backward();
      others += one.detach();
    }
    for (std::size_t i = 0; i < weights_.list().size(); ++i) {
      const Tensor gradient = proxies.list()[i].second.grad();
      if (!gradient.defined()) continue;
      const Tensor inner = (weights_.list()[i].second * gradient).sum();
      loss = loss + (inner - inner.detach());
    }
    loss = loss + others;
  }
  return {loss, objective_.batch_size()};
}

Metrics TransformerTask::evaluate() { return objective_.evaluate(weights_); }

model::Weights TransformerTask::canonical() const {
  const torch::NoGradGuard no_grad;
  model::Weights plain;
  for (const auto& [name, tensor] : weights_.list()) plain.set(name, tensor.detach());
  return model::unfuse(model_, plain);
}

}  // namespace frugal::train
