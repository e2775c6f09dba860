// Columns of a table that no role has and that vary among the runs which are used: what each one is (a name,
// another outcome, something that follows from the scale, a label of experiments, a setting that was swept),
// so that nothing is pooled in silence.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fit/runs/measurements.h"
#include "fit/runs/table.h"

namespace frugal::fit {

enum class LeftoverKind {
  name,     // of a run: ids, seeds, dates, texts that are different in every row
  outcome,  // something else that was measured: other losses, times, memory
  follows,  // from the scale: layers of each size, FLOPs of each size and data, names of sizes
  label,    // text (or a number by a name such as "experiment") whose values each span several scales
  setting,  // a number of training (a learning rate) that differs among runs of the same scale
  other,
};

struct Leftover {
  std::size_t column = 0;
  LeftoverKind kind = LeftoverKind::other;
  std::size_t values = 0;  // how many different ones
  bool is_text = false;
};

// ignored: columns that the config puts aside.
std::vector<Leftover> leftover_columns(const Table& table, const Measurements& measurements,
                                       const std::vector<std::string>& ignored);

// One note that names them, with what to say to use one; "" where there is none.
std::string note_of(const std::vector<Leftover>& leftover, const Table& table);

// A number for each run, equal where the texts of all these columns are equal.
std::vector<std::size_t> values_of(const Table& table, const Measurements& measurements,
                                   const std::vector<std::size_t>& columns);

}  // namespace frugal::fit
