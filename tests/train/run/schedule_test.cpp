#include "train/run/schedule.h"

#include <cmath>
#include <numbers>

#include "support/test.h"

using frugal::train::learning_rate;
using frugal::train::ScheduleConfig;

TEST_CASE("cosine falls from its peak to its end, after a linear warm-up", "[train]") {
  ScheduleConfig config;
  config.lr_peak = 2;
  config.warmup_epochs = 1;
  CHECK(learning_rate(config, 0, 110, 10) == Approx(0.2));
  CHECK(learning_rate(config, 9, 110, 10) == Approx(2));
  CHECK(learning_rate(config, 10, 110, 10) == Approx(2));
  CHECK(learning_rate(config, 60, 110, 10) == Approx(1));
  CHECK(learning_rate(config, 109, 110, 10) == Approx(2 * 0.5 * (1 + std::cos(std::numbers::pi * 99 / 100))));
  config.lr_final_ratio = 0.1;
  CHECK(learning_rate(config, 110, 110, 10) == Approx(0.2));
}

TEST_CASE("the step schedule multiplies at its milestones", "[train]") {
  ScheduleConfig config;
  config.kind = "step";
  config.lr_peak = 1;
  config.milestones = {0.5, 0.75};
  CHECK(learning_rate(config, 49, 100, 10) == Approx(1));
  CHECK(learning_rate(config, 50, 100, 10) == Approx(0.1));
  CHECK(learning_rate(config, 75, 100, 10) == Approx(0.01));
}
