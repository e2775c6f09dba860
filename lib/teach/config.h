// The config of `tinytrain-compile run`: what a compiled network learns on the device, and how.
#pragma once

#include <cstdint>
#include <vector>

#include "adapt/example_config.h"
#include "config/visitor.h"
#include "quant/anomaly.h"
#include "train/run/schedule.h"

namespace frugal::teach {

struct RunConfig {
  std::int64_t seed = 0;
  adapt::ExampleConfig data;
  std::int64_t shots = 10;
  quant::AnomalyConfig anomaly;     // of an auto-encoder
  std::vector<std::int64_t> known;  // classes that go into the replay buffer alone
  double epochs = 1;
  train::ScheduleConfig schedule;
  std::int64_t held_out = 200;
  double evaluate_every = 1;  // epochs
  std::int64_t evaluate_images = 50;

  RunConfig();
  void visit(config::Visitor& v);
};

}  // namespace frugal::teach
