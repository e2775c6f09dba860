#include "sparse/knapsack.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace frugal::sparse {
namespace {

constexpr std::size_t tries = 16;          // completions a stage
constexpr std::int64_t least_states = 32;  // a stage, where states are given up

// A step from one choice of a layer to the next on the upper hull of its (bits, gain).
struct Step {
  std::size_t layer = 0;
  std::int32_t choice = 0;
  std::int64_t bits = 0;
  double gain = 0;

  double gain_a_bit() const { return gain / static_cast<double>(std::max<std::int64_t>(bits, 1)); }
};

// What a layer may choose: those that no other choice beats in both bits and gain, rising in both.
std::vector<std::int32_t> efficient(const std::vector<Choice>& choices) {
  std::vector<std::int32_t> order(choices.size());
  std::iota(order.begin(), order.end(), 0);
  const auto at = [&](std::int32_t i) -> const Choice& { return choices[static_cast<std::size_t>(i)]; };
  std::erase_if(order, [&](std::int32_t i) { return !(at(i).gain > 0) || !std::isfinite(at(i).gain); });
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return at(a).bits != at(b).bits ? at(a).bits < at(b).bits : at(a).gain > at(b).gain;
  });
  std::vector<std::int32_t> kept;
  for (const std::int32_t i : order) {
    if (kept.empty() || at(i).gain > at(kept.back()).gain) kept.push_back(i);
  }
  return kept;
}

std::vector<Step> hull_steps(std::size_t layer, const std::vector<Choice>& choices,
                             const std::vector<std::int32_t>& kept) {
  struct Point {
    std::int32_t choice;
    double bits, gain;
  };
  std::vector<Point> hull{{Selection::none, 0, 0}};
  for (const std::int32_t i : kept) {
    const Choice& choice = choices[static_cast<std::size_t>(i)];
    const Point next{i, static_cast<double>(choice.bits), choice.gain};
    while (hull.size() > 1) {
      const Point &a = hull[hull.size() - 2], &b = hull.back();
      if ((b.gain - a.gain) * (next.bits - b.bits) > (next.gain - b.gain) * (b.bits - a.bits)) break;
      hull.pop_back();
    }
    hull.push_back(next);
  }
  std::vector<Step> steps;
  for (std::size_t i = 1; i < hull.size(); ++i) {
    steps.push_back({layer, hull[i].choice, static_cast<std::int64_t>(hull[i].bits - hull[i - 1].bits),
                     hull[i].gain - hull[i - 1].gain});
  }
  return steps;
}

// The best gain of some layers by memory, were fractions of a choice allowed: concave, piecewise linear.
class Relaxation {
 public:
  template <class Use>
  Relaxation(const std::vector<Step>& steps, const Use& uses) {
    for (const Step& step : steps) {
      if (!uses(step.layer)) continue;
      bits_.push_back(bits_.back() + step.bits);
      gain_.push_back(gain_.back() + step.gain);
    }
  }
  double gain(std::int64_t bits) const {
    const auto next = std::upper_bound(bits_.begin(), bits_.end(), bits) - bits_.begin();
    const auto i = static_cast<std::size_t>(next);
    if (i == bits_.size()) return gain_.back();
    const double share =
        static_cast<double>(bits - bits_[i - 1]) / static_cast<double>(bits_[i] - bits_[i - 1]);
    return gain_[i - 1] + share * (gain_[i] - gain_[i - 1]);
  }

 private:
  std::vector<std::int64_t> bits_{0};
  std::vector<double> gain_{0};
};

struct State {
  std::int64_t bits = 0;
  double gain = 0;
  std::int32_t parent = 0, choice = Selection::none;
};

// After each of the first layers, the states that are left.
struct Stages {
  std::int64_t bias_layers = 0;
  const std::vector<std::size_t>& layers;
  std::vector<std::vector<State>> states;
};

class Solver {
 public:
  Solver(const SelectionProblem& problem, std::int64_t most_states)
      : problem_(problem), states_left_(most_states) {
    check_limit(problem);
    best_.selection.choice.assign(problem.weights.size(), Selection::none);
    for (std::size_t i = 0; i < problem.weights.size(); ++i) {
      kept_.push_back(efficient(problem.weights[i]));
      for (const std::int32_t c : kept_.back()) unit_ = std::gcd(unit_, choice_at(i, c).bits);
      const std::vector<Step> steps = hull_steps(i, problem.weights[i], kept_.back());
      steps_.insert(steps_.end(), steps.begin(), steps.end());
    }
    unit_ = std::max<std::int64_t>(unit_, 1);
    // Steps of one layer come in their own order, since its hull is concave.
    std::stable_sort(steps_.begin(), steps_.end(),
                     [](const Step& a, const Step& b) { return a.gain_a_bit() > b.gain_a_bit(); });
  }

  ExactSelection run() {
    struct Start {
      std::int64_t first, bias_layers;
      double bound;
    };
    std::vector<Start> starts;
    const std::int64_t count = problem_.layer_count();
    std::int64_t k = 0;  // of the largest bias(k) with k <= count - first
    for (std::int64_t first = count; first >= 0; --first) {
      if (problem_.limit_bits < crossed(first)) break;
      const std::int64_t capacity = capacity_of(first);
      if (bias(count - first) > bias(k)) k = count - first;
      const auto uses = [&](std::size_t i) { return i >= static_cast<std::size_t>(first); };
      starts.push_back({first, k, bias(k) + Relaxation(steps_, uses).gain(capacity)});
      Selection selection = nothing(k);
      fill(selection, capacity, uses);
    }
    std::stable_sort(starts.begin(), starts.end(),
                     [](const Start& a, const Start& b) { return a.bound > b.bound; });
    for (const Start& start : starts) {
      if (!passes(start.bound)) continue;
      if (states_left_ > 0) {
        solve(start.first, start.bias_layers);
      } else {
        given_up_ = std::max(given_up_, start.bound);
      }
    }
    best_.bound = passes(given_up_) ? given_up_ : gain_;
    return best_;
  }

 private:
  std::int64_t crossed(std::int64_t first) const {
    return problem_.crossed_bits[static_cast<std::size_t>(first)];
  }
  double bias(std::int64_t k) const { return problem_.bias_gain[static_cast<std::size_t>(k)]; }
  const Choice& choice_at(std::size_t layer, std::int32_t i) const {
    return problem_.weights[layer][static_cast<std::size_t>(i)];
  }

  // Larger than the best gain by more than rounding.
  bool passes(double bound) const { return bound > gain_ + 1e-12 * std::fabs(gain_); }

  void offer(const Selection& selection) {
    const double gain = gain_of(problem_, selection);
    if (!(gain > gain_)) return;
    gain_ = gain;
    best_.selection = selection;
  }

  // For weights, in whole units of what their sizes have in common.
  std::int64_t capacity_of(std::int64_t first) const {
    return (problem_.limit_bits - crossed(first)) / unit_ * unit_;
  }

  // Steps by gain a bit, those that fit.
  template <class Use>
  void fill(Selection& selection, std::int64_t capacity, const Use& uses) {
    for (const Step& step : steps_) {
      if (!uses(step.layer)) continue;
      std::int32_t& now = selection.choice[step.layer];
      const std::int64_t more = choice_at(step.layer, step.choice).bits -
                                (now == Selection::none ? 0 : choice_at(step.layer, now).bits);
      if (more > capacity) continue;
      capacity -= more;
      now = step.choice;
    }
    offer(selection);
  }

  Selection nothing(std::int64_t bias_layers) const {
    return {bias_layers, std::vector<std::int32_t>(problem_.weights.size(), Selection::none)};
  }

  // The layers from `first` on that have choices, the one with the best gain a bit first: what is left at the
  // end then changes little, and the bounds are tight early.
  std::vector<std::size_t> layers_from(std::int64_t first) const {
    std::vector<std::size_t> layers;
    for (const Step& step : steps_) {
      if (static_cast<std::int64_t>(step.layer) < first) continue;
      if (std::find(layers.begin(), layers.end(), step.layer) == layers.end()) layers.push_back(step.layer);
    }
    return layers;
  }

  void solve(std::int64_t first, std::int64_t bias_layers) {
    const std::int64_t capacity = capacity_of(first);
    const std::vector<std::size_t> layers = layers_from(first);
    std::vector<bool> open(problem_.weights.size(), false);
    for (const std::size_t layer : layers) open[layer] = true;
    const auto uses = [&](std::size_t i) { return open[i]; };
    Stages stages{bias_layers, layers, {{State{0, bias(bias_layers), 0, Selection::none}}}};
    for (const std::size_t layer : layers) {
      open[layer] = false;
      const Relaxation rest(steps_, uses);
      std::vector<State> next = extended(stages.states.back(), layer, capacity);
      prune(next, rest, capacity);
      stages.states.push_back(next);
      // What some of them become shows early what there is to beat.
      const std::size_t apart = next.size() / tries + 1;
      for (std::size_t i = next.size(); i > 0; i -= std::min(i, apart)) {
        Selection selection = traced(stages, i - 1);
        fill(selection, capacity - next[i - 1].bits, uses);
      }
      prune(stages.states.back(), rest, capacity);
      const std::size_t stages_left = layers.size() - stages.states.size() + 2;
      give_up(stages.states.back(), rest, capacity, stages_left);
      const auto kept = static_cast<std::int64_t>(stages.states.back().size());
      best_.states += kept;
      states_left_ -= kept;
      if (stages.states.back().empty()) return;
    }
  }

  // Drops states that another beats in bits and gain, and those that cannot pass the best selection.
  void prune(std::vector<State>& states, const Relaxation& rest, std::int64_t capacity) const {
    double most = impossible;  // gain of the states so far, which need no more bits
    std::erase_if(states, [&](const State& state) {
      if (state.gain <= most) return true;
      most = state.gain;
      return !passes(state.gain + rest.gain(capacity - state.bits));
    });
  }

  // Goes on with the states that have the best relaxation, where there are more than the stages that are left
  // may have.
  void give_up(std::vector<State>& states, const Relaxation& rest, std::int64_t capacity,
               std::size_t stages_left) {
    const auto most = static_cast<std::size_t>(
        std::max(least_states, states_left_ / static_cast<std::int64_t>(stages_left)));
    if (states.size() <= most) return;
    std::vector<double> bounds;
    for (const State& state : states) bounds.push_back(state.gain + rest.gain(capacity - state.bits));
    std::vector<double> sorted = bounds;
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(most), sorted.end(),
                     std::greater<>());
    const double last = sorted[most];  // the best that is given up
    given_up_ = std::max(given_up_, last);
    std::size_t at = 0;
    std::erase_if(states, [&](const State&) { return !(bounds[at++] > last); });
  }

  // Every state with every choice of the layer, by rising bits; of equal bits the larger gain first.
  std::vector<State> extended(const std::vector<State>& states, std::size_t layer,
                              std::int64_t capacity) const {
    const auto before = [](const State& a, const State& b) {
      return a.bits != b.bits ? a.bits < b.bits : a.gain > b.gain;
    };
    std::vector<State> all, with, merged;
    for (std::size_t i = 0; i < states.size(); ++i)
      all.push_back({states[i].bits, states[i].gain, static_cast<std::int32_t>(i), Selection::none});
    for (const std::int32_t c : kept_[layer]) {
      const Choice& choice = choice_at(layer, c);
      with.clear();
      for (std::size_t i = 0; i < states.size() && states[i].bits + choice.bits <= capacity; ++i) {
        with.push_back(
            {states[i].bits + choice.bits, states[i].gain + choice.gain, static_cast<std::int32_t>(i), c});
      }
      merged.resize(all.size() + with.size());
      std::merge(all.begin(), all.end(), with.begin(), with.end(), merged.begin(), before);
      all.swap(merged);
    }
    return all;
  }

  // The choices that led to a state of the last stage.
  Selection traced(const Stages& stages, std::size_t at) const {
    Selection selection = nothing(stages.bias_layers);
    for (std::size_t s = stages.states.size() - 1; s > 0; --s) {
      const State& state = stages.states[s][at];
      selection.choice[stages.layers[s - 1]] = state.choice;
      at = static_cast<std::size_t>(state.parent);
    }
    return selection;
  }

  const SelectionProblem& problem_;
  std::vector<std::vector<std::int32_t>> kept_;
  std::vector<Step> steps_;
  std::int64_t unit_ = 0;
  ExactSelection best_;
  double gain_ = impossible;
  std::int64_t states_left_;
  double given_up_ = impossible;  // the best relaxation of states that were given up
};

}  // namespace

ExactSelection select_exactly(const SelectionProblem& problem, std::int64_t most_states) {
  return Solver(problem, most_states).run();
}

}  // namespace frugal::sparse
