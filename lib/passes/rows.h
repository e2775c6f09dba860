// The first layers of a network run row by row where that lowers the peak: an expansion's map is never whole
// in memory (patch-wise execution of Lin et al., MCUNetV2, NeurIPS 2021, with whole rows as patches; kept
// rows instead of halos, so that nothing is computed twice).
#pragma once

#include <cstddef>
#include <vector>

#include "passes/updates.h"

namespace frugal::passes {

// Longest runs of nodes that could run so: convolutions and depthwise ones on int8, each the only reader of
// the one before, none of whose values gradients or a replay buffer need (but the last's).
std::vector<RowChain> straight_runs(const TrainingStep& step);

// Whether the output of a chain may lie where its input lies: nothing else reads the input from there on.
bool may_overwrite(const TrainingStep& step, const RowChain& chain);
// Bytes by which the input then begins behind the output, so that no row is overwritten before it was read.
std::size_t lead_of(const TrainingStep& step, const RowChain& chain);

// Chooses among all parts of these runs, one after the other, while memory falls. Shorter ones where equal:
// the work of a chain is a copy of its rows.
TrainingStep with_rows(TrainingStep step, const Measure& measure);

}  // namespace frugal::passes
