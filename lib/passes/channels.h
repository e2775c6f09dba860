// Gradients of an inverted bottleneck a few of its hidden channels at a time: its map in float, the largest
// of a backward pass, is never whole in memory (the rows of passes/rows.h for the way back).
//
//   for some of the hidden channels: input gradient of the projection -> mask and scale -> bias, depthwise
//   layer -> mask and scale -> bias, sums of the expansion's input gradient, update of its weights
#pragma once

#include "passes/updates.h"

namespace frugal::passes {

// The step with each such run of nodes side by side, in by_channels. It begins with the input gradient of a
// convolution that takes more channels than it gives; all that is made of these, channel by channel, is read
// by nodes of the run alone, and the input gradient of a 1x1 convolution sums over it. A depthwise layer
// whose weights are trained is in none.
TrainingStep with_channels_in_turn(TrainingStep step);

// Of one of by_channels: how many channels there are, and the maps of which it has some at a time.
std::int64_t channels_of(const TrainingStep& step, const ChannelLoop& loop);
std::vector<ir::TensorId> hidden_of(const TrainingStep& step, const ChannelLoop& loop);

// Without those of by_channels whose absence does not take more memory, the others with as many channels at a
// time as take no more.
TrainingStep with_useful_channels(TrainingStep step, const Measure& measure);

}  // namespace frugal::passes
