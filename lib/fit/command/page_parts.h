// What the pages of scalefit share: numbers as text, axes with their units, the plots of a fitted surface,
// and predictions of runs that were measured.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "fit/law/expression_law.h"
#include "fit/runs/runs.h"
#include "fit/surface/surface.h"
#include "report/html.h"
#include "report/svg.h"

namespace frugal::fit {

std::string shown(double value);           // four digits; "—" where there is none
std::string share(double value);           // of one, in per cent
std::string range(const Estimate& value);  // "low … high"

std::vector<double> log_steps(double low, double high, int count);

// "size" -> "size (parameters)" on a logarithmic axis.
report::Axis axis_of(const std::string& variable);
report::Axis cost_axis(const std::string& label, const Cost& cost);
report::Axis error_axis();

// Estimates against x: a line and its band, or points with bars. A bar that never ends leaves the plot.
struct EstimateSeries {
  std::vector<double> x, value, low, high;
  void add(double at, const Estimate& estimate);
  void draw_line(report::Plot& plot, const std::string& name, const std::string& color, bool band) const;
  void draw_points(report::Plot& plot, const std::string& name, const std::string& color, char marker) const;
};

// The surface along one variable, the others as in `at`.
void draw_curve(report::Plot& plot, const Surface& surface, RunScale at, const std::string& variable,
                const std::vector<double>& x, const std::string& name, const std::string& color,
                double coverage, bool band);

// At most `most` of the distinct values, evenly among them, with both ends.
std::vector<double> some_of(std::span<const double> values, std::size_t most);

// Runs by whether the surface sets them aside.
struct Parted {
  Runs fitted, aside;
};
Parted part_runs(const Surface& surface, const Runs& runs);

// The runs that a surface was fitted to, as lines of error against data (or the one variable), a size each.
// `reach`: how far the axis goes beyond the largest run; `marks` widens it to them.
void add_learning_curves(report::Page& page, const Surface& surface, double coverage, const Runs& held_out,
                         const std::vector<RunScale>& marks, const Runs& left_out = {});
// Error over size and data, with the fitted runs and `marks` (predictions asked for).
void add_error_surface(report::Page& page, const Surface& surface, const std::vector<RunScale>& marks);
// Error against size at each budget, with its minimum, and best size and data against the budget.
void add_isoflop_and_frontier(report::Page& page, const Surface& surface, const Cost& cost,
                              const std::vector<double>& budgets, double coverage);

struct Judged {
  double measured = 0;
  Estimate predicted;
  bool covered() const { return predicted.low <= measured && measured <= predicted.high; }
};

struct Judgement {
  double rmse = 0;            // root mean square of predicted − measured
  double log_rmse = 0;        // root mean square of ln predicted − ln measured
  std::size_t covered = 0;    // how many intervals hold what was measured
  double mean_log_width = 0;  // of ln(high / low)
};
Judgement judge(const std::vector<Judged>& rows);
nlohmann::ordered_json to_json(const std::vector<Judged>& rows);  // measured and predicted, in order

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
