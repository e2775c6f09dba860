// The config of `scalefit fit`, and what it asks of the fit of one law.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "fit/law/expression_law.h"
#include "fit/law/fit.h"
#include "fit/runs/measurements.h"
#include "fit/schedule/training_curve.h"

namespace frugal::fit {

struct FitConfig {
  std::vector<std::string> data;
  MeasurementConfig measurements;
  std::string sweep = "refuse";       // refuse | best | all
  std::string checkpoints = "final";  // final | all
  ScheduleConfig schedule;            // of law=annealing
  std::string ignore;                 // columns, with commas between
  std::int64_t most_runs = 5000;
  std::string law = "auto";
  std::string expression;
  std::vector<ExpressionParameter> parameters;
  std::map<std::string, double> fixed;
  std::string loss = "huber";
  double huber_delta = 1e-3;
  double above_weight = 0.25;
  double coverage = 0.95;
  std::string intervals = "bootstrap";
  std::int64_t draws = 400;
  std::string cost = "6*N*D";
  void visit(config::Visitor& v);

  bool own_law() const { return !expression.empty() || law == "expression"; }
};

// Objective, bounds and fixed parameters. Errors: UserError for a parameter that the law does not have.
FitOptions options_of(const FitConfig& config, std::uint64_t seed, const Law& law);

// Names that `law` may have: auto, expression, the joint laws and the laws of one variable.
std::vector<std::string> known_laws();

}  // namespace frugal::fit
