#include "fit/validate/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fit/command/report_parts.h"

namespace frugal::fit {
namespace {

using report::Page;
using report::Plot;

// One prediction of a run that was measured.
struct Judged {
  double measured = 0;
  Estimate predicted;
};

std::string verdict(bool covered) { return covered ? "inside" : "outside"; }

// Predicted against measured: on the diagonal a prediction is right. Colours tell which interval holds.
void add_predicted_against_measured(Page& page, const std::vector<Judged>& rows, double coverage,
                                    const std::string& caption) {
  if (rows.empty()) return;
  Plot plot("Predicted against measured", {"measured error or loss", true, {}, {}},
            {"predicted error or loss", true, {}, {}});
  EstimateSeries inside, outside;
  double low = INFINITY, high = 0;
  for (const Judged& row : rows) {
    const bool held = row.predicted.low <= row.measured && row.measured <= row.predicted.high;
    (held ? inside : outside).add(row.measured, row.predicted);
    low = std::min({low, row.measured, row.predicted.value});
    high = std::max({high, row.measured, row.predicted.value});
  }
  plot.line("right", {low, high}, {low, high}, "#777777", true);
  if (!inside.x.empty()) inside.draw_points(plot, "interval holds", Plot::color(0), 'o');
  if (!outside.x.empty()) outside.draw_points(plot, "interval misses", Plot::color(1), 'd');
  page.figure(plot.svg(760, 460),
              fmt::format("{} Bars are {} prediction intervals.", caption, share(coverage)));
}

void add_corners(Page& page, const CornersReport& report, double coverage) {
  page.section("From every smaller corner to the largest run");
  std::vector<std::vector<std::string>> rows;
  EstimateSeries inside, outside;
  double measured = 0;
  for (const CornerCheck& check : report.corners) {
    if (!check.refusal.empty()) {
      rows.push_back({shown(check.largest_size), shown(check.largest_data), std::to_string(check.runs),
                      shown(check.compute_ratio), "", "", "", check.refusal});
      continue;
    }
    measured = check.measured;
    (check.covered ? inside : outside).add(check.compute_ratio, check.predicted);
    rows.push_back({shown(check.largest_size), shown(check.largest_data), std::to_string(check.runs),
                    shown(check.compute_ratio), shown(check.predicted.value), range(check.predicted),
                    fmt::format("{:+.1f} %", 100 * check.relative), verdict(check.covered)});
  }
  page.paragraph(fmt::format(
      "The run to predict has size {} and data {}, and was measured {} time(s): {}. Over {} corners the "
      "prediction misses by {} on average; {} of the {} intervals hold what was measured.",
      shown(report.target.size), shown(report.target.data), report.repeats, shown(measured),
      inside.x.size() + outside.x.size(), share(report.mean_absolute), share(report.covered),
      share(coverage)));
  if (measured > 0) {
    Plot plot("Prediction of the largest run", {"its compute / compute of all fitted runs", true, {}, {}},
              error_axis());
    if (!inside.x.empty()) inside.draw_points(plot, "interval holds", Plot::color(0), 'o');
    if (!outside.x.empty()) outside.draw_points(plot, "interval misses", Plot::color(1), 'd');
    plot.horizontal("measured", measured, "#444444");
    page.figure(plot.svg(),
                fmt::format("One point a corner; to the right the small runs cost less. Bars are {} "
                            "prediction intervals.",
                            share(coverage)));
  }
  page.table({"largest size", "largest data", "runs", "compute ratio", "predicted", "interval", "miss", ""},
             rows);
}

void add_curves(Page& page, const CurveReport& report, double coverage) {
  page.section("Learning curves");
  page.paragraph(fmt::format("{} curves; the intervals hold {} of the held-out rows (mean over curves).",
                             report.curves.size(), share(report.covered)));
  std::vector<std::vector<std::string>> rows, list;
  for (const CurveSummary& s : report.summary)
    rows.push_back({s.form, std::to_string(s.curves), shown(s.mean), shown(s.median), shown(s.worst)});
  page.table({"law", "curves", "mean", "median", "worst"}, rows,
             "Root mean square of ln(predicted / measured) over the held-out rows of a curve.");
  std::vector<Judged> judged;
  std::vector<double> errors;
  for (const CurveCheck& curve : report.curves) {
    if (!curve.refused.empty()) {
      list.push_back(
          {curve.name, std::to_string(curve.fitted), std::to_string(curve.held_out), "", "", curve.refused});
      continue;
    }
    for (std::size_t i = 0; i < curve.predicted.size(); ++i)
      judged.push_back({curve.measured[i], curve.predicted[i]});
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

void add_series(Page& page, const std::vector<SeriesCheck>& checks, double coverage) {
  page.section("Held-out top scales");
  std::vector<std::vector<std::string>> rows, convergence;
  std::vector<Judged> judged;
  double covered = 0, width = 0;
  for (const SeriesCheck& check : checks) {
    for (const auto& c : check.convergence) {
      const Certificate& certificate = c.best.certificate;
      convergence.push_back({check.name, c.law, fmt::format("{} of {}", c.agreeing, c.seeds),
                             fmt::format("{} of {}", c.agreeing_parameters, c.seeds),
                             shown(certificate.projected_gradient), shown(certificate.condition),
                             fmt::format("{}", fmt::join(certificate.unidentified, ", "))});
    }
    if (!check.refusal.empty()) {
      rows.push_back({check.name, std::to_string(check.fitted), std::to_string(check.held_out), "", "", "",
                      check.refusal});
      continue;
    }
    for (std::size_t i = 0; i < check.intervals.size(); ++i) {
      const Interval& interval = check.intervals[i];
      judged.push_back({check.measured[i], {interval.estimate, interval.lower, interval.upper}});
    }
    covered += check.covered;
    width += check.mean_log_width * static_cast<double>(check.held_out);
    rows.push_back({check.name, std::to_string(check.fitted), std::to_string(check.held_out),
                    shown(check.log_rmse), fmt::format("{} of {}", check.covered, check.held_out),
                    shown(check.mean_log_width), ""});
  }
  if (!judged.empty()) {
    const double count = static_cast<double>(judged.size());
    page.paragraph(fmt::format("{} intervals hold {} of {} held-out runs, at a mean log width of {}.",
                               share(coverage), share(covered / count), judged.size(), shown(width / count)));
  }
  add_predicted_against_measured(page, judged, coverage, "One point a held-out run.");
  page.table({"series", "fitted", "held out", "RMSE of ln error", "covered", "mean log width", ""}, rows);
  page.table(
      {"series", "law", "same objective", "same parameters", "gradient", "condition", "not identified"},
      convergence, "Fits from different seeds that end within 1e-6 of the best.");
}

void add_protocol(Page& page, const std::vector<ProtocolResult>& results) {
  page.section("Simulated surfaces");
  const auto pm = [](double mu, double sigma) {
    return fmt::format("{:+.2f} % ± {:.2f} %", 100 * mu, 100 * sigma);
  };
  std::vector<std::vector<std::string>> rows;
  for (const ProtocolResult& r : results) {
    rows.push_back({r.name, std::to_string(r.runs), pm(r.fit_mu, r.fit_sigma), std::to_string(r.corner_runs),
                    pm(r.extrapolation_mu, r.extrapolation_sigma), pm(r.default_mu, r.default_sigma),
                    share(r.default_covered)});
  }
  page.table(
      {"surface", "runs", "in fit, 10-fold", "runs of the corner", "extrapolated", "by default", "covered"},
      rows,
      "Mean ± standard deviation of predicted / measured − 1. The corner has at most 1/16 of the size and "
      "1/8 of the data (Rosenfeld et al. 2020). By default: the average that answers where no law is named.");
}

}  // namespace

std::string validate_page(const ValidateOutcome& outcome, const ValidateConfig& config, std::uint64_t seed) {
  Page page("Predictions against measurements",
            fmt::format("scalefit {}, {}, seed {}", FRUGAL_VERSION, config.mode, seed));
  if (!outcome.notes.empty()) page.section("Data").list(outcome.notes);
  const double coverage = config.fit.coverage;
  if (outcome.corners) add_corners(page, *outcome.corners, coverage);
  if (outcome.curves) add_curves(page, *outcome.curves, coverage);
  if (!outcome.series.empty()) add_series(page, outcome.series, coverage);
  if (!outcome.protocol.empty()) add_protocol(page, outcome.protocol);
  return page.text();
}

}  // namespace frugal::fit
