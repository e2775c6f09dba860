// Tables that hold every checkpoint of a run: which rows are the last of their runs.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "fit/runs/column_name.h"
#include "fit/runs/table.h"

namespace frugal::fit {

// keep: "final" (the last row of each run) or "all". A table holds checkpoints where a column of steps rises
// within the runs that a text column names, three rows a run or more in most. Fewer than four runs stay
// whole: their last rows are no fit. What was done stands in the table's notes.
void keep_checkpoints(Table& table, const std::string& keep);

// The words that a column of steps, and one that names the run, may have.
const RoleWords& step_words();
const RoleWords& run_words();
// The first column (no nested key) whose name fits the words and whose cells are numbers, or are not.
std::optional<std::size_t> column_by_words(const Table& table, const RoleWords& words, bool numeric);

}  // namespace frugal::fit
