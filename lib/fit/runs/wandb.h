// Exports of Weights & Biases as tables of runs. A chart's export is wide: a column of steps, and for each
// run its metric with __MIN and __MAX beside it ("warm-sun-7 - loss"); it becomes a row a run and step. In
// all tables, columns NAME__MIN and NAME__MAX beside NAME are left out.
#pragma once

#include <cstddef>

#include "fit/runs/table.h"

namespace frugal::fit {

// The rows of this file, which came last. Nothing is done to a file that is none of these.
void unfold_wandb(Table& table, std::size_t file);

}  // namespace frugal::fit
