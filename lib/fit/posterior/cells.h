// Runs as a posterior over size and data takes them: runs of the same size and data are one cell, whose ln y
// is their mean; what they scatter says what the noise is.
#pragma once

#include <cstddef>
#include <vector>

#include "fit/posterior/law.h"
#include "fit/runs/runs.h"

namespace frugal::fit {

struct Cells {
  Edge edge;
  Inputs at;                  // size and data in units of the edge
  std::vector<double> log_y;  // mean
  std::vector<double> count;  // runs, or their weights' sum
  std::vector<double> known;  // variance of the mean from standard errors; 0: none given
  double within = 0;          // Σ squares of ln y around the means
  double freedom = 0;         // how many of these are free; 0 where runs are weighted

  std::size_t size() const { return log_y.size(); }
  const std::vector<double>& log_size() const { return at.log_value[0]; }  // z, from the edge
  const std::vector<double>& log_data() const { return at.log_value[1]; }  // x
};

// At most `most` of them: where there are more, neighbours are one cell too. UserError where there are fewer
// than four.
Cells make_cells(const Runs& runs, std::size_t most);

}  // namespace frugal::fit
