// Runs of several experiments, or of a sweep, in one table.
#pragma once

#include "fit/command/fit_config.h"
#include "fit/runs/measurements.h"
#include "fit/runs/table.h"

namespace frugal::fit {

// Where a label divides the runs into several experiments, each becomes a series of its own; where a setting
// differs among runs of the same scale, the best one of each scale is kept (sweep=best), all (sweep=all), or
// it is refused. Other columns that vary and are not used are named in a note, which is all that is done
// where `separate` is false. Errors: UserError with what to say.
void separate_experiments(Measurements& measurements, const Table& table, const FitConfig& config,
                          bool separate);

}  // namespace frugal::fit
