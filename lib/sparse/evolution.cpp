#include "sparse/evolution.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace frugal::sparse {
namespace {

struct Individual {
  Selection selection;
  double gain = 0;
};

class Evolution {
 public:
  Evolution(const SelectionProblem& problem, const EvolutionConfig& config)
      : problem_(problem), config_(config), random_(static_cast<std::uint64_t>(config.seed), "evolution") {
    check_limit(problem);
    for (std::size_t k = 0; k < problem.bias_gain.size(); ++k) {
      if (std::isfinite(problem.bias_gain[k])) bias_choices_.push_back(static_cast<std::int64_t>(k));
    }
  }

  Selection run() {
    for (std::int64_t i = 0; i < config_.population; ++i) add(drawn());
    for (std::int64_t generation = 0; generation < config_.generations; ++generation) {
      std::stable_sort(population_.begin(), population_.end(),
                       [](const Individual& a, const Individual& b) { return a.gain > b.gain; });
      population_.resize(static_cast<std::size_t>(std::min(config_.parents, config_.population)));
      const std::size_t parents = population_.size();
      while (static_cast<std::int64_t>(population_.size()) < config_.population) {
        const Selection& one = population_[random_.below(parents)].selection;
        const Selection& other = population_[random_.below(parents)].selection;
        add(mutated(random_.uniform() < config_.crossovers ? crossed(one, other) : one));
      }
    }
    return std::max_element(population_.begin(), population_.end(),
                            [](const Individual& a, const Individual& b) { return a.gain < b.gain; })
        ->selection;
  }

 private:
  void add(Selection selection) {
    fit(selection);
    const double gain = gain_of(problem_, selection);
    population_.push_back({std::move(selection), gain});
  }

  std::int64_t draw_bias() { return bias_choices_[random_.below(bias_choices_.size())]; }
  std::int32_t draw_choice(std::size_t layer) {
    return static_cast<std::int32_t>(random_.below(problem_.weights[layer].size() + 1)) - 1;
  }

  Selection drawn() {
    Selection selection{draw_bias(), {}};
    for (std::size_t i = 0; i < problem_.weights.size(); ++i) selection.choice.push_back(draw_choice(i));
    return selection;
  }

  Selection crossed(const Selection& one, const Selection& other) {
    Selection child = one;
    if (random_.uniform() < 0.5) child.bias_layers = other.bias_layers;
    for (std::size_t i = 0; i < child.choice.size(); ++i) {
      if (random_.uniform() < 0.5) child.choice[i] = other.choice[i];
    }
    return child;
  }

  Selection mutated(Selection child) {
    if (random_.uniform() < config_.mutation) child.bias_layers = draw_bias();
    for (std::size_t i = 0; i < child.choice.size(); ++i) {
      if (random_.uniform() < config_.mutation) child.choice[i] = draw_choice(i);
    }
    return child;
  }

  // Biases are taken away where they alone are too much or, one time in so many parts, by chance.
  void fit(Selection& selection) {
    std::vector<std::size_t> trained;
    for (std::size_t i = 0; i < selection.choice.size(); ++i) {
      if (selection.choice[i] != Selection::none) trained.push_back(i);
    }
    while (bits_of(problem_, selection) > problem_.limit_bits) {
      const std::size_t at = random_.below(trained.size() + 1);
      if (at < trained.size()) {
        selection.choice[trained[at]] = Selection::none;
        trained.erase(trained.begin() + static_cast<std::ptrdiff_t>(at));
      } else if (selection.bias_layers > 0) {
        selection.bias_layers = fewer(selection.bias_layers);
      }
    }
  }

  std::int64_t fewer(std::int64_t bias_layers) const {
    const auto at = std::lower_bound(bias_choices_.begin(), bias_choices_.end(), bias_layers);
    return at == bias_choices_.begin() ? 0 : *(at - 1);
  }

  const SelectionProblem& problem_;
  EvolutionConfig config_;
  base::Random random_;
  std::vector<std::int64_t> bias_choices_;
  std::vector<Individual> population_;
};

}  // namespace

void EvolutionConfig::visit(config::Visitor& v) {
  v.field("population", population, config::between(2, 100000), "selections alive at once");
  v.field("parents", parents, config::between(1, 100000), "the best of them, which have children");
  v.field("generations", generations, config::between(0, 1000000), "how often children replace the others");
  v.field("mutation", mutation, config::fraction(), "chance of each part of a child to be drawn anew");
  v.field("crossovers", crossovers, config::fraction(), "share of children that have two parents");
}

Selection evolve(const SelectionProblem& problem, const EvolutionConfig& config) {
  return Evolution(problem, config).run();
}

}  // namespace frugal::sparse
