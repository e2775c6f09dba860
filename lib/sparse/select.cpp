#include "sparse/select.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/size.h"
#include "report/result.h"

namespace frugal::sparse {
namespace {

using base::UserError;
using Json = nlohmann::ordered_json;

constexpr std::int64_t endless = std::int64_t{1} << 60;

std::int64_t bytes_from(std::int64_t bits) { return (bits + 7) / 8; }

// The scheme, its gain and its memory.
Json described(const ir::Graph& graph, const SelectionProblem& problem, const Selection& selection) {
  return {{"scheme", to_json(scheme_of(problem, selection), graph)},
          {"predicted_gain", gain_of(problem, selection)},
          {"extra_memory_bytes", bytes_from(bits_of(problem, selection))}};
}

// What may be had for every limit from the head alone to everything.
Json by_limit(SelectionProblem problem) {
  constexpr int points = 33;
  constexpr std::int64_t states = usual_states / 10;  // a point: the curve shows no smaller gaps
  Json curve = Json::array();
  std::int64_t all = problem.crossed_bits.front();
  for (const std::vector<Choice>& layer : problem.weights) {
    std::int64_t most = 0;
    for (const Choice& choice : layer) most = std::max(most, choice.bits);
    all += most;
  }
  const double low = std::log(static_cast<double>(std::max<std::int64_t>(problem.crossed_bits.back(), 8)));
  const double high = std::log(static_cast<double>(all));
  for (int i = 0; i < points; ++i) {
    problem.limit_bits =
        static_cast<std::int64_t>(std::ceil(std::exp(low + (high - low) * i / (points - 1)))) + 1;
    const Selection selection = select_exactly(problem, states).selection;
    curve.push_back(
        {{"limit_bytes", problem.limit_bits / 8}, {"predicted_gain", gain_of(problem, selection)}});
  }
  return curve;
}

Json bias_curve(const SelectionProblem& problem) {
  Json curve = Json::array();
  for (std::int64_t k = 0; k <= problem.layer_count(); ++k) {
    const Selection selection{k, std::vector<std::int32_t>(problem.weights.size(), Selection::none)};
    const double gain = gain_of(problem, selection);
    if (std::isfinite(gain))
      curve.push_back({{"bias_layers", k},
                       {"extra_memory_bytes", bytes_from(bits_of(problem, selection))},
                       {"predicted_gain", gain}});
  }
  return curve;
}

Json under_limit(const ir::Graph& graph, const SelectionProblem& problem, const SelectConfig& config) {
  const report::RunClock clock;
  const double processor_start = report::processor_seconds();
  const ExactSelection solved = select_exactly(problem, config.states);
  const Selection& exact = solved.selection;
  const double seconds = clock.seconds(), of_processor = report::processor_seconds() - processor_start;
  EvolutionConfig evolution = config.evolution;
  evolution.seed = config.seed;
  const Selection evolved = evolve(problem, evolution);
  const double best = gain_of(problem, exact), found = gain_of(problem, evolved);
  Json result = described(graph, problem, config.method == "exact" ? exact : evolved);
  result["limit_bytes"] = problem.limit_bits / 8;
  result["exact_gain"] = best;
  result["proven_gap"] = solved.gap(best);
  result["evolution_gain"] = found;
  result["evolution_gap"] = best > 0 ? (best - found) / best : 0.0;
  result["by_limit"] = by_limit(problem);
  result["biases"] = bias_curve(problem);
  result["run"] = {{"exact_seconds", seconds}, {"exact_processor_seconds", of_processor}};
  return result;
}

// Every bias and, of each layer, the largest fraction that was measured.
Selection everything(const SelectionProblem& problem) {
  Selection all{problem.layer_count(), {}};
  for (const std::vector<Choice>& layer : problem.weights) {
    std::int32_t largest = Selection::none;
    for (std::size_t c = 0; c < layer.size(); ++c) {
      if (largest == Selection::none || layer[c].bits > layer[static_cast<std::size_t>(largest)].bits)
        largest = static_cast<std::int32_t>(c);
    }
    all.choice.push_back(largest);
  }
  return all;
}

// The head's accuracy and the gains of what is trained.
Evaluate added_up(const Contributions& contributions, const std::string& origin) {
  const Contribution* head = contributions.find({});
  if (head == nullptr || !std::isfinite(head->accuracy))
    throw UserError(origin, "has no accuracy of the head, so that a threshold says nothing",
                    "freeze with measured contributions, or by training");
  return [&contributions, base = head->accuracy](const UpdateScheme& scheme) {
    const auto gain = [&](const Part& part) {
      const Contribution* entry = contributions.find(part);
      return entry != nullptr && std::isfinite(entry->gain) ? entry->gain : 0.0;
    };
    double accuracy = base + (scheme.bias_layers > 0 ? gain({Part::Kind::bias, scheme.bias_layers, 0}) : 0);
    for (const UpdateScheme::Weights& w : scheme.weights)
      accuracy += gain({Part::Kind::weights, w.layer, w.fraction});
    return accuracy;
  };
}

Json frozen(const ir::Graph& graph, const ExtraMemory& memory, const SelectionProblem& problem,
            const Contributions& contributions, const std::string& origin, const SelectConfig& config,
            const Evaluate& evaluate) {
  const Selection all = everything(problem);
  std::vector<double> worth;
  for (std::size_t i = 0; i < problem.weights.size(); ++i) {
    const std::int32_t c = all.choice[i];
    worth.push_back(c == Selection::none ? 0 : problem.weights[i][static_cast<std::size_t>(c)].gain);
  }
  const FreezeCurve curve = freeze_one_by_one(memory, scheme_of(problem, all), worth, config.threshold,
                                              evaluate ? evaluate : added_up(contributions, origin));
  const FreezeStep& chosen = curve.steps[curve.chosen];
  if (!curve.reached)
    throw UserError("threshold", "is not reached by training everything: " + Json(config.threshold).dump(),
                    "accuracy is then " + Json(chosen.accuracy).dump());
  Json result{{"scheme", to_json(chosen.scheme, graph)},
              {"threshold", config.threshold},
              {"accuracy", chosen.accuracy},
              {"accuracy_is", evaluate ? "measured" : "added up from contributions"},
              {"extra_memory_bytes", bytes_from(chosen.bits)}};
  for (const FreezeStep& step : curve.steps) {
    result["curve"].push_back({{"frozen_layer", step.frozen_layer},
                               {"trained_weights", step.scheme.weights.size()},
                               {"extra_memory_bytes", bytes_from(step.bits)},
                               {"accuracy", std::isfinite(step.accuracy) ? Json(step.accuracy) : Json()}});
  }
  return result;
}

}  // namespace

void SelectConfig::visit(config::Visitor& v) {
  v.choice(
      "method", method, {"exact", "evolution", "freeze"},
      "exact: the optimum; evolution: as published; freeze: one weight tensor at a time down to a threshold");
  v.field("seed", seed, config::at_least(0), "of evolution");
  v.field("limit", limit, "memory beyond inference, of exact and evolution: 49KB (of 1024 bytes), 50000");
  v.field("threshold", threshold, config::fraction(), "accuracy that freeze keeps to");
  v.field("partial", partial, "go on where contributions are missing: those parts are not chosen");
  v.field("states", states, config::at_least(1),
          "of exact, at most: above them it says by how much it may be below the optimum");
  v.object("evolution", evolution, "how evolution searches");
}

std::string describe(const std::vector<Part>& missing, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(missing.size(), most); ++i)
    text += (i > 0 ? "; " : "") + describe(missing[i]);
  if (missing.size() > most) text += "; and " + std::to_string(missing.size() - most) + " more";
  return text;
}

Json select(const ir::Graph& graph, const Contributions& contributions, const std::string& origin,
            const SelectConfig& config, const Evaluate& evaluate) {
  check_network(contributions, graph, origin);
  const ExtraMemory memory(graph);
  const std::vector<Part> missing = missing_parts(contributions, memory);
  if (!missing.empty() && !config.partial)
    throw UserError(origin, "lacks contributions: " + describe(missing, 3),
                    "`contribute --resume` measures them; --partial leaves them out");
  const bool freezes = config.method == "freeze";
  const SelectionProblem problem =
      make_problem(contributions, memory, freezes ? endless : 8 * config::bytes_of(config.limit, "limit"));
  Json result{{"method", config.method}, {"contributions", contributions.setup.method}};
  result.update(freezes ? frozen(graph, memory, problem, contributions, origin, config, evaluate)
                        : under_limit(graph, problem, config));
  if (!missing.empty()) result["missing"] = describe(missing, 20);
  Json failed = Json::array();
  for (const Contribution& entry : contributions.entries) {
    if (!entry.failed.empty()) failed.push_back(describe(entry.part) + ": " + entry.failed);
  }
  if (!failed.empty()) result["failed"] = failed;
  return result;
}

}  // namespace frugal::sparse
