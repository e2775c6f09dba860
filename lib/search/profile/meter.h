// A stopwatch for many short pieces of work on a machine that is not quiet. Every piece is warmed up, then
// all are measured in interleaved rounds, a few repetitions at a time; between them a reference operation
// runs, and each sample is divided by how slow the reference is at that moment. A clock that drifts (heat,
// another program) so moves all pieces alike and the reference with them. What is told is a quantile over
// rounds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "search/cost/table.h"

namespace frugal::search {

struct MeterConfig {
  std::int64_t rounds = 25;
  double sample_ms = 2;   // a sample repeats the work for about as long
  double quantile = 0.5;  // of the single runs of a sample, and of the rounds' samples
  // Wall time is what a user waits; processor time is for a machine that others use too (one thread only).
  std::string clock = "wall";

  void visit(config::Visitor& v);
};

class Meter {
 public:
  // reference_ms: what the reference took when the table was begun, 0 to find out now. Call with torch's
  // threads set.
  Meter(const MeterConfig& config, double reference_ms, bool channels_last);

  std::vector<Measured> measure(const std::vector<std::function<void()>>& work);

  // Steps that run one after the other, each timed on its own, so that caches are as they are in use. A step
  // counts for result `which`; a result is told over all steps and chains that count for it.
  struct Step {
    std::size_t which;
    std::function<void()> run;
  };
  struct Chain {
    std::function<void()> start;  // not timed
    std::vector<Step> steps;
  };
  std::vector<Measured> measure_within(const std::vector<Chain>& chains, std::size_t results);

  double reference_ms() const { return reference_ms_; }

 private:
  double now_ms() const;
  double time(const std::function<void()>& work, std::int64_t repetitions) const;  // of one run
  Measured told(const std::vector<double>& samples, std::int64_t repetitions) const;
  double slowness();  // of the last few runs of the reference against reference_ms_

  MeterConfig config_;
  std::function<void()> reference_;
  std::int64_t reference_repetitions_ = 1;
  double reference_ms_ = 0;
  std::vector<double> recent_;
};

}  // namespace frugal::search
