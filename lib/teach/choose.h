// What `start` leaves to itself when nobody says it: for how long a device learns, and at which rate.
#pragma once

#include <vector>

#include "emulate/compiled.h"
#include "teach/config.h"

namespace frugal::teach {

// As many passes over the samples as an emulator carries out in about half a minute (16 billion instructions,
// the evaluations of `config` among them, counted by a first step there), at most 10; on the host 10.
double epochs_in_reach(const emulate::Compiled& compiled, const RunConfig& config);

struct RateTrial {
  double rate = 0;
  double loss = 0, accuracy = 0;  // on the samples held back; a loss that is not finite: it diverged
};
struct ChosenRate {
  double rate = 0;
  std::vector<RateTrial> trials;
};

// Of .001, .003, .01, .03 and .1 the rate that gets the most right, and of several the one with the least
// loss, on a quarter of the samples of each class, when the trainer learns the others for config.epochs. The
// quarter is of those that are learnt later on: no other data is looked at. class_means: the head begins with
// those of the others. One sample a class: .003.
ChosenRate choose_rate(const emulate::Compiled& compiled, const RunConfig& config, bool class_means);

}  // namespace frugal::teach
