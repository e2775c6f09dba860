// The part of a config that every trainer shares: how long it trains, with which learning rate and which
// optimiser. Apart from what carries it out, so that a tool reads its config without torch's headers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "train/run/schedule.h"

namespace frugal::train {

struct OptimizerConfig {
  std::string kind = "sgd";
  double momentum = 0.9;
  bool nesterov = true;
  double weight_decay = 4e-5;
  std::vector<std::string> no_decay;       // parameters whose name contains one of these are not decayed
  std::map<std::string, double> lr_scale;  // of parameters whose name contains the key
  std::vector<double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double clip_norm = 0;  // 0: none

  void visit(config::Visitor& v);
};

struct LoopConfig {
  double epochs = 10;
  std::int64_t steps = 0;  // instead of epochs, where > 0
  ScheduleConfig schedule;
  OptimizerConfig optimizer;
  double ema_decay = 0;               // 0: no average
  std::int64_t evaluate_every = 0;    // epochs; 0: only at the end
  std::int64_t log_every = 50;        // steps
  std::int64_t checkpoint_every = 0;  // steps; 0: checkpoint_seconds alone decides
  double checkpoint_seconds = 60;     // of wall clock
  double peer_seconds = 300;          // of several processes: how long one waits for the others

  void visit(config::Visitor& v);
};

}  // namespace frugal::train
