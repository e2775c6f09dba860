#include "fit/validate/curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/stop.h"

namespace frugal::fit {

using Json = nlohmann::ordered_json;
using report::Page;
using report::Plot;

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
    for (std::size_t i = 0; const CurvePrediction& p : curve.predict(x, coverage))
      check.judged.push_back({y[i++], {p.y, p.lower, p.upper}});
    const Judgement judgement = judge(check.judged);
    check.covered = static_cast<double>(judgement.covered) / static_cast<double>(y.size());
    check.figures.push_back({"default", judgement.log_rmse});
    for (const CurveCandidate& candidate : curve.candidates())
      if (!candidate.with_discrepancy)
        check.figures.push_back(
            {std::string(candidate.law->name), root_mean_square(curve.log_predict(candidate, x), y)});
  } catch (const base::UserError& error) {
    check.refused = error.message();
  }
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

void CurveReport::add_to_result(Json& out) const {
  out["curves"] = Json::array();
  for (const CurveCheck& curve : curves) {
    Json one = {{"name", curve.name},
                {"fitted", curve.fitted},
                {"held_out", curve.held_out},
                {"dropped", curve.dropped}};
    if (!curve.refused.empty()) {
      one["refused"] = curve.refused;
    } else {
      one["covered"] = curve.covered;
      for (const CurveFigure& figure : curve.figures) one["log_rmse"][figure.form] = figure.rmse;
      one["predictions"] = to_json(curve.judged);
    }
    out["curves"].push_back(std::move(one));
  }
  out["summary"] = Json::object();
  for (const CurveSummary& s : summary)
    out["summary"][s.form] = {
        {"curves", s.curves}, {"mean", s.mean}, {"median", s.median}, {"worst", s.worst}};
  out["covered"] = covered;
}

void CurveReport::add_to_page(Page& page, double coverage) const {
  page.section("Learning curves");
  page.paragraph(fmt::format("{} curves; the intervals hold {} of the held-out rows (mean over curves).",
                             curves.size(), share(covered)));
  std::vector<std::vector<std::string>> rows, list;
  for (const CurveSummary& s : summary)
    rows.push_back({s.form, std::to_string(s.curves), shown(s.mean), shown(s.median), shown(s.worst)});
  page.table({"law", "curves", "mean", "median", "worst"}, rows,
             "Root mean square of ln(predicted / measured) over the held-out rows of a curve.");
  std::vector<Judged> judged;
  std::vector<double> errors;
  for (const CurveCheck& curve : curves) {
    if (!curve.refused.empty()) {
      list.push_back(
          {curve.name, std::to_string(curve.fitted), std::to_string(curve.held_out), "", "", curve.refused});
      continue;
    }
    judged.insert(judged.end(), curve.judged.begin(), curve.judged.end());
    errors.push_back(curve.figures.front().rmse);
    list.push_back({curve.name, std::to_string(curve.fitted), std::to_string(curve.held_out),
                    shown(curve.figures.front().rmse), share(curve.covered), ""});
  }
  add_predicted_against_measured(page, judged, coverage, "One point a held-out row.");
  if (errors.size() > 1) {
    std::sort(errors.begin(), errors.end());
    std::vector<double> portion;
    for (std::size_t i = 0; i < errors.size(); ++i)
      portion.push_back(100 * static_cast<double>(i + 1) / static_cast<double>(errors.size()));
    Plot plot("How many curves are missed by how much",
              {"root mean square of ln(predicted / measured)", true, {}, {}},
              {"curves missed by at most this (%)", false, 0.0, 102.0});
    plot.line("", errors, portion, Plot::color(0));
    page.figure(plot.svg(720, 320));
  }
  page.table({"curve", "fitted", "held out", "error", "covered", ""}, list);
}

std::unique_ptr<Check> validate_curves(const ValidateInput& input) {
  const Runs& runs = input.measurements.runs;
  const auto x = runs.column(runs.has(variable::data)      ? variable::data
                             : runs.has(variable::compute) ? variable::compute
                                                           : variable::size);
  if (runs.held_out.empty()) {
    throw base::UserError("", "curves need a column that says which rows are held out",
                          "--set columns.train=NAME, with 1 for the rows to fit and 0 for those to predict");
  }
  std::vector<CurveCase> cases;
  const auto series = input.measurements.rows_by_series();
  for (std::size_t s = 0; s < series.size(); ++s) {
    CurveCase& one = cases.emplace_back();
    one.name = input.series_name(s);
    for (const std::size_t i : series[s]) {
      (runs.held_out[i] != 0 ? one.held_x : one.x).push_back(x[i]);
      (runs.held_out[i] != 0 ? one.held_y : one.y).push_back(runs.y[i]);
    }
  }
  return std::make_unique<CurveReport>(check_curves(cases, input.config.fit.coverage));
}

}  // namespace frugal::fit
