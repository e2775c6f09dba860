#include "search/strategy/strategy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "search/strategy/strategies.h"

namespace frugal::search {
namespace {

struct Entry {
  const char* name;
  const char* note;  // for the help; may be empty
  MakeStrategy* make;
  bool moves = true;  // α
};

constexpr std::array strategies = {
    Entry{"gradient", "two paths a step", make_gradient},
    Entry{"recompute", "all paths, memory of one", make_recompute},
    Entry{"reinforce", "", make_reinforce},
    Entry{"darts", "full mixture", make_darts},
    Entry{"random", "", make_random, false},
    Entry{"evolution", "", make_evolution, false},
};

std::string names_with_notes() {
  std::string text;
  for (const Entry& entry : strategies) {
    text += std::string(text.empty() ? "" : ", ") + entry.name;
    if (*entry.note != '\0') text += std::string(" (") + entry.note + ")";
  }
  return text;
}

train::OptimizerConfig adam_config(const StrategyConfig& config) {
  train::OptimizerConfig adam;
  adam.kind = "adam";
  adam.betas = config.betas;
  adam.weight_decay = 0;
  return adam;
}

}  // namespace

void StrategyConfig::visit(config::Visitor& v) {
  static const std::string kinds = names_with_notes();
  v.choice("kind", kind, strategy_names(), kinds.c_str());
  v.field("lr", lr, config::at_least(0),
          "Adam's learning rate on the architecture; 0: 20 / architecture steps, from 0.001 to 0.05");
  v.field("betas", betas, config::Range{0, 1, false, true}, "Adam's decay of the two moments");
  v.field("initial_std", initial_std, config::at_least(0), "spread of the architecture at the start");
  v.field("samples", samples, config::at_least(1), "reinforce: networks a step");
  v.field("baseline_rate", baseline_rate, config::fraction(),
          "reinforce: share of the newest mean reward in the baseline");
  v.field("population", population, config::at_least(2), "evolution: networks alive");
  v.field("tournament", tournament, config::at_least(1),
          "evolution: networks of which the best is the parent");
  v.field("score_batches", score_batches, config::at_least(1),
          "random, evolution: held-out batches that judge a network");
  v.field(
      "rerank", rerank, config::between(1, 100000),
      "at the end, of so many most probable networks the one that has the least loss on all held-out images "
      "with the shared weights; 1: the most probable");
}

Architecture::Architecture(const SearchSpace& space, double initial_std, base::Random random) {
  for (const SearchBlock& block : space.blocks()) {
    torch::Tensor alpha = torch::empty({static_cast<std::int64_t>(block.candidates.size())});
    for (std::int64_t i = 0; i < alpha.numel(); ++i) {
      alpha.data_ptr<float>()[i] = static_cast<float>(initial_std * random.normal());
    }
    alpha_.push_back(alpha);
  }
}

std::vector<std::vector<double>> Architecture::values() const {
  std::vector<std::vector<double>> values;
  for (const torch::Tensor& alpha : alpha_) {
    const float* a = alpha.const_data_ptr<float>();
    values.emplace_back(a, a + alpha.numel());
  }
  return values;
}

std::vector<std::vector<double>> Architecture::probabilities() const {
  BlockScores p = log_softmax(values());
  for (auto& block : p) {
    for (double& value : block) value = std::exp(value);
  }
  return p;
}

double Architecture::entropy() const {
  double sum = 0;
  std::size_t blocks = 0;
  for (const auto& block : log_softmax(values())) {
    if (block.size() < 2) continue;
    ++blocks;
    for (const double score : block) sum -= std::exp(score) * score;
  }
  return blocks > 0 ? sum / static_cast<double>(blocks) : 0;
}

Choice Architecture::sample(base::Random& random) const {
  Choice choice;
  for (const auto& block : probabilities()) choice.push_back(draw(block, random));
  return choice;
}

Choice Architecture::sample_uniform(base::Random& random) const {
  Choice choice;
  for (const torch::Tensor& alpha : alpha_) {
    choice.push_back(static_cast<std::size_t>(random.below(static_cast<std::uint64_t>(alpha.numel()))));
  }
  return choice;
}

tensor::NamedTensors Architecture::state() const {
  tensor::NamedTensors state;
  for (std::size_t b = 0; b < alpha_.size(); ++b) state.emplace_back(fmt::format("alpha.{}", b), alpha_[b]);
  return state;
}

std::size_t draw(const std::vector<double>& probabilities, base::Random& random, std::ptrdiff_t except) {
  double total = 0;
  std::size_t last = 0;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    if (static_cast<std::ptrdiff_t>(i) == except) continue;
    total += probabilities[i];
    last = i;
  }
  double left = random.uniform() * total;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    if (static_cast<std::ptrdiff_t>(i) == except) continue;
    left -= probabilities[i];
    if (left < 0) return i;
  }
  return last;  // rounding
}

Strategy::Strategy(Supernet& net, const Objective& objective, const StrategyConfig& config,
                   std::uint64_t seed, const std::string& name)
    : net_(net),
      objective_(objective),
      config_(config),
      name_(name),
      architecture_(net.space(), config.initial_std, base::Random(seed, "search/alpha/" + name)),
      adam_(adam_config(config), architecture_.state()) {}

torch::Tensor Strategy::weight_logits(const torch::Tensor& images, bool warm_up, base::Random& random) {
  return net_.forward_path(images,
                           warm_up ? architecture_.sample_uniform(random) : architecture_.sample(random));
}

Choice Strategy::derived() const { return objective_.derived(log_softmax(architecture_.values())); }

tensor::NamedTensors Strategy::state() {
  tensor::NamedTensors state;
  for (const auto& [name, tensor] : architecture_.state()) state.emplace_back(name_ + "." + name, tensor);
  for (const auto& [name, tensor] : adam_.state()) state.emplace_back(name_ + ".adam." + name, tensor);
  return state;
}

void Strategy::update(const std::vector<std::vector<double>>& gradients) {
  const torch::NoGradGuard no_grad;
  for (const auto& block : gradients) {
    for (const double value : block) {
      if (!std::isfinite(value)) {
        throw base::Failure("the gradient of the architecture is not finite",
                            "the last checkpoint is kept; try a lower lr or a longer warm-up");
      }
    }
  }
  for (std::size_t b = 0; b < gradients.size(); ++b) {
    torch::Tensor alpha = architecture_.alpha()[b];
    if (alpha.numel() < 2) continue;
    const torch::Tensor gradient = torch::empty_like(alpha);
    std::copy(gradients[b].begin(), gradients[b].end(), gradient.data_ptr<float>());
    alpha.mutable_grad() = gradient;
  }
  adam_.step(config_.lr);
}

std::vector<std::string> strategy_names() {
  std::vector<std::string> names;
  for (const Entry& entry : strategies) names.emplace_back(entry.name);
  return names;
}

bool moves_architecture(const std::string& kind) {
  for (const Entry& entry : strategies) {
    if (kind == entry.name) return entry.moves;
  }
  return true;
}

double architecture_rate(std::int64_t steps) {
  return std::clamp(20 / static_cast<double>(std::max<std::int64_t>(1, steps)), 1e-3, 0.05);
}

void check_moved(const Strategy& strategy) {
  if (!moves_architecture(strategy.config().kind)) return;
  double most = 0, choices = 0;
  for (const auto& block : log_softmax(strategy.architecture().values())) {
    const auto [least_likely, likeliest] = std::minmax_element(block.begin(), block.end());
    most = std::max(most, *likeliest - *least_likely);
    choices = std::max(choices, static_cast<double>(block.size()));
  }
  if (choices < 2 || most >= std::log(1.1)) return;
  throw base::Failure(
      fmt::format(
          "the architecture did not move: in no block is the most probable candidate more than {:.2g} % "
          "likelier than the least (entropy {:.4f})",
          100 * (std::exp(most) - 1), strategy.architecture().entropy()),
      "raise strategy.lr, or give more architecture steps: schedule.epochs, schedule.architecture_every");
}

std::unique_ptr<Strategy> make_strategy(Supernet& net, const Objective& objective,
                                        const StrategyConfig& config, std::uint64_t seed,
                                        const std::string& name) {
  for (const Entry& entry : strategies) {
    if (config.kind == entry.name) return entry.make(net, objective, config, seed, name);
  }
  FRUGAL_ASSERT(false, "config reading refuses unknown strategies");
  return nullptr;
}

}  // namespace frugal::search
