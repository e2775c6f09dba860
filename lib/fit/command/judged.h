// Predictions of runs that were measured: how far they miss, and how that is drawn.
#pragma once

#include <string>
#include <vector>

#include "fit/command/page_parts.h"

namespace frugal::fit {

struct Judged {
  double measured = 0;
  Estimate predicted;
  bool covered() const { return predicted.low <= measured && measured <= predicted.high; }
};

struct Judgement {
  double log_rmse = 0;        // root mean square of ln predicted − ln measured
  std::size_t covered = 0;    // how many intervals hold what was measured
  double mean_log_width = 0;  // of ln(high / low)
};
Judgement judge(const std::vector<Judged>& rows);

// Predictions by whether their interval holds what was measured.
struct JudgedSeries {
  EstimateSeries inside, outside;
  void add(double x, const Estimate& predicted, bool covered) {
    (covered ? inside : outside).add(x, predicted);
  }
  std::size_t count() const { return inside.x.size() + outside.x.size(); }
  void draw(report::Plot& plot) const;
};

// Predicted against measured: on the diagonal a prediction is right.
void add_predicted_against_measured(report::Page& page, const std::vector<Judged>& rows, double coverage,
                                    const std::string& caption);

}  // namespace frugal::fit
