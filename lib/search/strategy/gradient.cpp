// The paper's gradient form (ProxylessNAS, section 3.2.1 and its program). Of each block two paths are drawn
// without replacement from p and renormalised, q = softmax of their α; the active one is drawn from q. With
// the gates' gradients ∂L/∂g from the block,
//   ∂L/∂α_i = Σ_j ∂L/∂g_j · q_j (δ_ij − q_i),
// and after Adam's step both α are shifted by the same amount, so that the pair keeps its mass Σ e^α and the
// paths that were not drawn keep their probability.
// The recomputing form draws one active path and differentiates all N gates, each path running again, without
// a graph, in the backward pass: N forward passes of compute, one path of memory.
#include <torch/torch.h>

#include <cmath>

#include "search/strategy/strategies.h"

namespace frugal::search {
namespace {

class GradientStrategy final : public Strategy {
 public:
  GradientStrategy(Supernet& net, const Objective& objective, const StrategyConfig& config,
                   std::uint64_t seed, const std::string& name, bool all_paths)
      : Strategy(net, objective, config, seed, name), all_paths_(all_paths) {}

  double architecture_step(const HeldOutBatch& batch, base::Random& random) override {
    const auto p = architecture_.probabilities();
    std::vector<Gates> gates;
    std::vector<std::vector<double>> q;  // of the paths drawn
    for (const auto& block : p) {
      gates.push_back(draw_gates(block, random));
      q.push_back(renormalised(block, gates.back().paths));
      activate(gates.back(), q.back(), random);
    }
    double cross_entropy = 0;
    {
      const Supernet::Frozen frozen(net_);
      const torch::Tensor loss =
          torch::cross_entropy_loss(net_.forward_gated(batch.images, gates, all_paths_), batch.labels);
      cross_entropy = loss.item<double>();
      loss.backward();
    }
    const double expected = objective_.expected(p);
    const Objective::Loss loss = objective_.loss(cross_entropy, expected);
    std::vector<std::vector<double>> gradients;
    for (std::size_t b = 0; b < p.size(); ++b) {
      std::vector<double> gradient(p[b].size(), 0.0);
      if (loss.by_expected != 0) {
        gradient = objective_.expected_gradient(b, p[b]);
        for (double& value : gradient) value *= loss.by_expected;
      }
      add_gate_gradient(gates[b], q[b], loss.by_cross_entropy, gradient);
      gradients.push_back(std::move(gradient));
    }
    const auto before = architecture_.values();
    update(gradients);
    if (!all_paths_) {
      for (std::size_t b = 0; b < p.size(); ++b) keep_mass(b, gates[b].paths, before[b]);
    }
    return loss.value;
  }

 private:
  Gates draw_gates(const std::vector<double>& p, base::Random& random) const {
    Gates gates;
    if (all_paths_ || p.size() == 1) {
      for (std::size_t i = 0; i < p.size(); ++i) gates.paths.push_back(i);
    } else {
      const std::size_t first = draw(p, random);
      gates.paths = {first, draw(p, random, static_cast<std::ptrdiff_t>(first))};
    }
    return gates;
  }

  static std::vector<double> renormalised(const std::vector<double>& p,
                                          const std::vector<std::size_t>& paths) {
    double total = 0;
    for (const std::size_t path : paths) total += p[path];
    std::vector<double> q;
    for (const std::size_t path : paths) {
      q.push_back(total > 0 ? p[path] / total : 1 / static_cast<double>(paths.size()));
    }
    return q;
  }

  static void activate(Gates& gates, const std::vector<double>& q, base::Random& random) {
    gates.active = draw(q, random);
    gates.values = torch::zeros({static_cast<std::int64_t>(q.size())});
    gates.values.data_ptr<float>()[gates.active] = 1;
    gates.values.requires_grad_(true);
  }

  static void add_gate_gradient(const Gates& gates, const std::vector<double>& q, double scale,
                                std::vector<double>& gradient) {
    if (!gates.values.grad().defined()) return;  // a block with one candidate has no gate
    const float* d = gates.values.grad().const_data_ptr<float>();
    for (std::size_t i = 0; i < q.size(); ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < q.size(); ++j) {
        sum += static_cast<double>(d[j]) * q[j] * ((i == j ? 1.0 : 0.0) - q[i]);
      }
      gradient[gates.paths[i]] += scale * sum;
    }
  }

  void keep_mass(std::size_t block, const std::vector<std::size_t>& paths,
                 const std::vector<double>& before) {
    auto* alpha = architecture_.alpha()[block].data_ptr<float>();
    double mass_after = 0, mass_before = 0;
    for (const std::size_t path : paths) {
      mass_after += std::exp(static_cast<double>(alpha[path]));
      mass_before += std::exp(before[path]);
    }
    const double shift = std::log(mass_after / mass_before);
    for (const std::size_t path : paths) {
      alpha[path] = static_cast<float>(static_cast<double>(alpha[path]) - shift);
    }
  }

  bool all_paths_;
};

}  // namespace

std::unique_ptr<Strategy> make_gradient(Supernet& net, const Objective& objective,
                                        const StrategyConfig& config, std::uint64_t seed,
                                        const std::string& name) {
  return std::make_unique<GradientStrategy>(net, objective, config, seed, name, false);
}

std::unique_ptr<Strategy> make_recompute(Supernet& net, const Objective& objective,
                                         const StrategyConfig& config, std::uint64_t seed,
                                         const std::string& name) {
  return std::make_unique<GradientStrategy>(net, objective, config, seed, name, true);
}

}  // namespace frugal::search
