// The checkpoints of runs with their learning rates: what the annealing law is fitted to, read from a table
// of steps, rates and losses, or of steps and losses with schedules given in words.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "fit/runs/measurements.h"
#include "fit/runs/table.h"
#include "fit/schedule/rates.h"

namespace frugal::fit {

struct ScheduleConfig {
  std::string step, learning_rate, run;  // columns; empty: by their names
  std::map<std::string, std::string>
      given;  // by run (all: each that has none of its own): see schedule/shape.h
  void visit(config::Visitor& v);
  bool is_set() const { return !step.empty() || !learning_rate.empty() || !run.empty() || !given.empty(); }
};

struct TrainingCurve {
  std::string name;
  Rates rates;                      // to the last point at least
  std::vector<double> steps, loss;  // of the checkpoints, steps rise
};

struct TrainingCurves {
  std::vector<TrainingCurve> curves;
  std::string loss;                // its column
  std::vector<std::string> notes;  // what was read
};

// A run a text of the run's column, else a file each. A row without a loss may still say a rate, and one
// without a rate a loss: logs have lines of both. Errors: UserError (no such column, steps that do not rise,
// a rate below 0, a loss that is not > 0, several sizes in one table, a metric that rises).
TrainingCurves read_training_curves(const Table& table, const MeasurementConfig& measurements,
                                    const ScheduleConfig& config, const std::string& place);

// Rates of a table of steps and learning rates alone, for a run to predict.
Rates read_rates(const Table& table);

}  // namespace frugal::fit
