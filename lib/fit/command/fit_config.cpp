#include "fit/command/fit_config.h"

namespace frugal::fit {
namespace {

Objective objective_of(const FitConfig& config) {
  if (config.loss == "log") return Objective::log_squared();
  if (config.loss == "relative") return Objective::relative_squared();
  Objective objective = Objective::huber(config.huber_delta);
  if (config.loss == "asymmetric") objective.above_weight = config.above_weight;
  return objective;
}

}  // namespace

FitOptions options_of(const FitConfig& config, std::uint64_t seed, const Law& law) {
  FitOptions options;
  options.objective = objective_of(config);
  options.seed = seed;
  options.fixed = config.fixed;
  for (const ExpressionParameter& parameter : config.parameters) {
    law.index_of(parameter.name);
    options.bounds[parameter.name] = {parameter.lower, parameter.upper};
  }
  return options;
}

void FitConfig::visit(config::Visitor& v) {
  v.field("data", data,
          "CSV or JSONL files of runs, - is standard input (files on the command line come before)");
  measurements.visit(v);
  v.choice("sweep", sweep, {"refuse", "best", "all"},
           "runs of one scale that differ in a setting (a learning rate): best keeps the best setting of "
           "each scale, all "
           "keeps all");
  v.choice("checkpoints", checkpoints, {"final", "all"},
           "of a table that holds every checkpoint of its runs: what is fitted");
  v.object("schedule", schedule, "law=annealing: steps, learning rates and runs of a table of checkpoints");
  v.field("most_runs", most_runs, config::between(100, 1e9),
          "of a series that are fitted; more are thinned, and it is said");
  v.field("ignore", ignore, "columns that vary and do not matter: a,b");
  v.choice(
      "law", law, known_laws(),
      "auto: average by rolling hold-out of what suits the data; expression: your own; annealing: of every "
      "checkpoint and its learning rates; else a law by name");
  v.field("expression", expression,
          "your own law, for example E + A/N^alpha + B/D^beta + k*log(lr)^2; N, D, C and columns are "
          "variables; declared names, "
          "one letter and Greek letters (A, beta_2) are parameters");
  v.list("parameters", parameters, "bounds and starts of parameters, by name");
  v.field("fixed", fixed, config::any_number(), "parameters held at a value");
  v.choice("loss", loss, {"huber", "log", "relative", "asymmetric"},
           "huber and log: of log residuals; relative: (predicted - y)/y squared; asymmetric: huber with "
           "runs above "
           "the law counted less");
  v.field("huber_delta", huber_delta, config::greater_than(0), "width of the quadratic part of huber");
  v.field("above_weight", above_weight, config::between(1e-6, 1),
          "asymmetric: factor for runs above the law");
  v.field("coverage", coverage, config::between_open(0, 1), "of every interval");
  v.choice("intervals", intervals, {"bootstrap", "profile"},
           "of the parameters: percentiles of refits, or profile likelihood");
  v.field("draws", draws, config::between(0, 100000), "refits to resampled runs");
  v.field("cost", cost, "cost of a run as an expression in N and D");
}

std::vector<std::string> known_laws() {
  std::vector<std::string> names = {"auto", "expression", "curve", "annealing"};
  for (const std::string& name : law_names()) names.push_back(name);
  return names;
}

}  // namespace frugal::fit
