// The config of `tinytrain-compile adapt`: which network learns what, and how.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "adapt/example_config.h"
#include "adapt/replay.h"
#include "adapt/stream.h"
#include "config/visitor.h"
#include "quant/anomaly.h"
#include "quant/trainer.h"
#include "train/run/schedule.h"

namespace frugal::adapt {

// How a network on integers is trained.
struct MethodConfig {
  std::string kind = "qas";  // of quant::Method, or "fp32"
  std::string storage = "stochastic";
  double momentum = 0;
  std::int64_t batch_size = 16;  // images whose gradients are added up before a step
  double epochs = 20;
  train::ScheduleConfig schedule;

  MethodConfig();
  void visit(config::Visitor& v);
  bool in_float() const { return kind == "fp32"; }
  // UserError at "place.key" for what would have no effect.
  void check(const std::string& place) const;
  // Of a method on integers.
  quant::TrainerConfig trainer(std::int64_t seed, std::size_t threads) const;
};

// Threads that a config asks for; 0: a thread a core.
std::size_t worker_count(std::int64_t threads);

struct AdaptConfig {
  std::string name;  // for people; stands in runs.jsonl
  std::int64_t seed = 0, threads = 0;
  std::string network, weights;  // what network/import/load.h reads
  std::string head = "new";      // or "means", "keep", "grow", "none" (adapt/head.h)
  ExampleConfig data;
  std::int64_t shots = 0;  // labelled images a class; 0: all of the training split
  std::string scheme = "full";
  MethodConfig method;
  StreamConfig stream;
  ReplayConfig replay;
  quant::AnomalyConfig anomaly;
  std::int64_t evaluate_every = 5;      // epochs; 0: before and after alone
  std::int64_t evaluate_images = 1000;  // at most so many in between; 0: all
  std::int64_t held_out = 0;            // at most so many before and after; 0: all
  double checkpoint_seconds = 60;
  std::string runs;

  void visit(config::Visitor& v);
  // UserError for keys that do not go together.
  void check() const;
};

}  // namespace frugal::adapt
