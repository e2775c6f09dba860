// A training step as a device with a replay buffer makes it: the new sample, then old examples, each a step
// of its own. The gradients of a batch, added up, would take 4 bytes more for each trained number.
#pragma once

#include "quant/replay_config.h"
#include "quant/trainer.h"

namespace frugal::quant {

// Learns sample `which`, offers it to the buffer, learns plan.ratio examples drawn from that, all at one
// rate. The loss of the new sample before anything was learnt. Trainer's steps count each.
double step_and_replay(Trainer& trainer, const ReplayPlan& plan, ReplayBuffer& buffer, const Samples& samples,
                       std::size_t which, double learning_rate);

// Steps of the trainer for each new sample.
inline std::int64_t steps_of_each(const ReplayPlan& plan) { return 1 + plan.ratio; }

}  // namespace frugal::quant
