#include "fit/validate/curves.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/stop.h"

namespace frugal::fit {
namespace {

double root_mean_square(const std::vector<double>& log_predicted, const std::vector<double>& y) {
  double sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double miss = log_predicted[i] - std::log(y[i]);
    sum += miss * miss;
  }
  return std::sqrt(sum / double(y.size()));
}

CurveCheck check_one(const CurveCase& given, double coverage, const CurveOptions& options) {
  CurveCheck check;
  check.name = given.name;
  std::vector<double> x, y;
  for (std::size_t i = 0; i < given.held_x.size(); ++i) {
    if (given.held_x[i] > 0 && given.held_y[i] > 0) {
      x.push_back(given.held_x[i]);
      y.push_back(given.held_y[i]);
    } else {
      ++check.dropped;
    }
  }
  check.fitted = given.x.size();
  check.held_out = x.size();
  if (x.empty()) {
    check.refused = "no held-out row with x > 0 and y > 0";
    return check;
  }
  try {
    const Curve curve = Curve::fit(given.x, given.y, options);
    check.dropped += curve.data().dropped;
    std::vector<double> log_y;
    for (std::size_t i = 0; const CurvePrediction& p : curve.predict(x, coverage)) {
      log_y.push_back(std::log(p.y));
      check.predicted.push_back({p.y, p.lower, p.upper});
      if (p.lower <= y[i] && y[i] <= p.upper) check.covered += 1.0 / double(y.size());
      ++i;
    }
    check.figures.push_back({"default", root_mean_square(log_y, y)});
    for (const CurveCandidate& candidate : curve.candidates())
      if (!candidate.wanders)
        check.figures.push_back(
            {std::string(candidate.law->name), root_mean_square(curve.log_predict(candidate, x), y)});
  } catch (const base::UserError& error) {
    check.refused = error.message();
  }
  check.x = std::move(x);
  check.measured = std::move(y);
  return check;
}

}  // namespace

CurveReport check_curves(const std::vector<CurveCase>& cases, double coverage, const CurveOptions& options) {
  CurveReport report;
  std::size_t fitted = 0;
  for (const CurveCase& given : cases) {
    base::stop_if_requested();
    report.curves.push_back(check_one(given, coverage, options));
    if (!report.curves.back().refused.empty()) continue;
    report.covered += report.curves.back().covered;
    ++fitted;
  }
  if (fitted == 0) return report;
  report.covered /= double(fitted);
  const auto first = std::find_if(report.curves.begin(), report.curves.end(),
                                  [](const CurveCheck& c) { return !c.figures.empty(); });
  for (std::size_t f = 0; f < first->figures.size(); ++f) {
    std::vector<double> values;
    for (const CurveCheck& curve : report.curves)
      if (!curve.figures.empty()) values.push_back(curve.figures[f].rmse);
    std::sort(values.begin(), values.end());
    CurveSummary summary{first->figures[f].form, values.size(), 0, 0, values.back()};
    for (const double v : values) summary.mean += v / double(values.size());
    const std::size_t half = values.size() / 2;
    summary.median = values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
    report.summary.push_back(summary);
  }
  return report;
}

}  // namespace frugal::fit
