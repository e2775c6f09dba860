#include "search/supernet/mixed_block.h"

#include <torch/csrc/autograd/custom_function.h>

#include <string>

#include "base/error.h"

namespace frugal::search {
namespace {

// ⟨a, b⟩ without a temporary of their size where both lie alike in memory.
double inner_product(const torch::Tensor& a, const torch::Tensor& b) {
  const auto flat = [](const torch::Tensor& t) {
    return t.contiguous(torch::MemoryFormat::ChannelsLast).permute({0, 2, 3, 1}).reshape({-1});
  };
  return torch::dot(flat(a), flat(b)).item<double>();
}

// What backward needs of the block: the outputs kept by the forward pass, or how to make them again.
struct GateContext : torch::CustomClassHolder {
  std::vector<torch::Tensor> outputs;  // by path; undefined for Zero, and where it is recomputed
  std::vector<std::size_t> recompute;  // places in `outputs`
  std::vector<std::size_t> paths;
  torch::Tensor x;
  MixedBlock* block = nullptr;
};

// y passes through; the gates' gradients are inner products with what the paths gave.
class PathGate final : public torch::autograd::Function<PathGate> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& y,
                               const torch::Tensor& /*gates*/, const c10::intrusive_ptr<GateContext>& kept) {
    context->saved_data["kept"] = torch::IValue::make_capsule(kept);
    return y;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               torch::autograd::tensor_list gradients) {
    const torch::NoGradGuard no_grad;
    const auto capsule = context->saved_data["kept"].toCapsule();
    auto& kept = static_cast<GateContext&>(*capsule);
    const torch::Tensor& dy = gradients[0];
    for (const std::size_t place : kept.recompute) {
      kept.outputs[place] = kept.block->path_output(kept.x, kept.paths[place]);
    }
    const torch::Tensor d_gates = torch::zeros({static_cast<std::int64_t>(kept.outputs.size())});
    auto* d = d_gates.data_ptr<float>();
    for (std::size_t j = 0; j < kept.outputs.size(); ++j) {
      if (kept.outputs[j].defined()) d[j] = static_cast<float>(inner_product(dy, kept.outputs[j]));
    }
    kept.outputs.clear();
    kept.x.reset();
    return {dy, d_gates, torch::Tensor()};
  }
};

}  // namespace

MixedBlock::MixedBlock(const SearchBlock& block, const network::BatchNorm& bn) : shortcut_(block.shortcut) {
  for (std::size_t i = 0; i < block.candidates.size(); ++i) {
    network::Block alone = block.candidates[i].block;
    if (alone.is_zero()) {
      candidates_.push_back(nullptr);
      continue;
    }
    alone.shortcut = false;  // added here, outside the gate
    candidates_.push_back(register_module(std::to_string(i), std::make_shared<model::BlockUnit>(alone, bn)));
  }
}

torch::Tensor MixedBlock::path_output(const torch::Tensor& x, std::size_t candidate) {
  const auto& unit = candidates_.at(candidate);
  return unit ? unit->forward(x) : torch::Tensor();
}

torch::Tensor MixedBlock::add_shortcut(const torch::Tensor& x, const torch::Tensor& path) const {
  if (!path.defined()) return x;  // Zero: only offered where there is a shortcut
  return shortcut_ ? path + x : path;
}

torch::Tensor MixedBlock::forward_path(const torch::Tensor& x, std::size_t candidate) {
  return add_shortcut(x, path_output(x, candidate));
}

torch::Tensor MixedBlock::forward_gated(const torch::Tensor& x, const Gates& gates, bool recompute) {
  FRUGAL_ASSERT(gates.active < gates.paths.size(), "the active path is one of those drawn");
  auto kept = c10::make_intrusive<GateContext>();
  kept->paths = gates.paths;
  kept->outputs.resize(gates.paths.size());
  kept->block = this;
  const torch::Tensor active = path_output(x, gates.paths[gates.active]);
  if (active.defined()) kept->outputs[gates.active] = active.detach();
  if (recompute) kept->x = x.detach();
  for (std::size_t j = 0; j < gates.paths.size(); ++j) {
    if (j == gates.active || !candidates_[gates.paths[j]]) continue;
    if (recompute) {
      kept->recompute.push_back(j);
    } else {
      const torch::NoGradGuard no_grad;
      kept->outputs[j] = path_output(x, gates.paths[j]);
    }
  }
  return PathGate::apply(add_shortcut(x, active), gates.values, kept);
}

torch::Tensor MixedBlock::forward_mixture(const torch::Tensor& x, const torch::Tensor& probabilities) {
  const torch::Tensor p = probabilities.to(x.device());
  torch::Tensor y = shortcut_ ? x : torch::Tensor();
  for (std::size_t j = 0; j < candidates_.size(); ++j) {
    const torch::Tensor path = path_output(x, j);
    if (!path.defined()) continue;
    const torch::Tensor weighted = path * p[static_cast<std::int64_t>(j)];
    y = y.defined() ? y + weighted : weighted;
  }
  return y;
}

}  // namespace frugal::search
