// The first layers of a network run row by row where that lowers the peak: an expansion's map is never whole
// in memory (patch-wise execution of Lin et al., MCUNetV2, NeurIPS 2021, with whole rows as patches; kept
// rows instead of halos, so that nothing is computed twice).
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "passes/updates.h"

namespace frugal::passes {

// Bytes of memory that a step takes.
using Measure = std::function<std::size_t(const TrainingStep&)>;

// Longest runs of nodes that could run so: convolutions and depthwise ones on int8, each the only reader of
// the one before, none of whose values gradients need (but the last's).
std::vector<ir::NodeRange> straight_runs(const TrainingStep& step);

// Chooses among all parts of these runs, one after the other, while memory falls. Shorter ones where equal:
// the work of a chain is a copy of its rows.
TrainingStep with_rows(TrainingStep step, const Measure& measure);

}  // namespace frugal::passes
