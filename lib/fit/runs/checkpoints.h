// Tables that hold every checkpoint of a run: which rows are the last of their runs.
#pragma once

#include <string>

#include "fit/runs/table.h"

namespace frugal::fit {

// keep: "final" (the last row of each run) or "all". A table holds checkpoints where a column of steps rises
// within the runs that a text column names, three rows a run or more in most. Fewer than four runs stay
// whole: their last rows are no fit. What was done stands in the table's notes.
void keep_checkpoints(Table& table, const std::string& keep);

}  // namespace frugal::fit
