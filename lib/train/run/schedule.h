// The learning rate of each step: linear warm-up from zero, then cosine (Loshchilov, Hutter 2017, without
// restarts), steps, or constant. A function of the step alone, so a resumed run needs no state for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/visitor.h"

namespace frugal::train {

struct ScheduleConfig {
  std::string kind = "cosine";
  double lr_peak = 0.05;
  double lr_final_ratio = 0;  // cosine ends at lr_peak times this
  double warmup_epochs = 0;
  std::int64_t warmup_steps = 0;   // instead of warmup_epochs, where > 0
  std::vector<double> milestones;  // shares of all steps at which the step schedule multiplies by gamma
  double gamma = 0.1;

  void visit(config::Visitor& v);
};

// step counts from 0; the first step of a warm-up of n has lr_peak / n, the n-th lr_peak.
double learning_rate(const ScheduleConfig& config, std::int64_t step, std::int64_t total_steps,
                     std::int64_t steps_per_epoch);

}  // namespace frugal::train
