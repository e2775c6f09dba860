#include "fit/validate/joint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "base/stop.h"

namespace frugal::fit {

using Json = nlohmann::ordered_json;
using report::Page;

std::vector<bool> top_scale(const Runs& points, const std::string& variable) {
  const auto column = points.column(variable);
  const auto cuts = rolling_cuts(points, variable, 1);
  std::vector<bool> held(points.count(), false);
  if (cuts.empty()) return held;
  for (std::size_t i = 0; i < held.size(); ++i) held[i] = column[i] >= cuts.front();
  return held;
}

namespace {

SeriesCheck::Convergence count_agreement(const std::string& name, const Runs& points,
                                         const CheckOptions& options) {
  SeriesCheck::Convergence convergence;
  convergence.law = name;
  convergence.seeds = options.seeds;
  const auto law = find_law(name);
  std::vector<FitResult> results;
  for (int s = 0; s < options.seeds; ++s) {
    base::stop_if_requested();
    FitOptions fit_options;
    fit_options.seed = options.seed + std::uint64_t(s);
    results.push_back(fit(*law, points, fit_options));
  }
  const auto best =
      std::min_element(results.begin(), results.end(),
                       [](const FitResult& a, const FitResult& b) { return a.objective < b.objective; });
  for (const FitResult& result : results) {
    convergence.agreeing += result.objective <= best->objective * (1 + 1e-6) + 1e-24;
    bool same = true;
    for (std::size_t p = 0; p < result.theta.size(); ++p) {
      const auto& unidentified = best->certificate.unidentified;
      if (std::find(unidentified.begin(), unidentified.end(), result.names[p]) != unidentified.end())
        continue;
      same = same && std::fabs(result.theta[p] - best->theta[p]) <= 1e-6 * std::fabs(best->theta[p]) + 1e-12;
    }
    convergence.agreeing_parameters += same;
  }
  convergence.best = *best;
  return convergence;
}

Json convergence_json(const SeriesCheck::Convergence& c) {
  const Certificate& certificate = c.best.certificate;
  return {{"law", c.law},
          {"seeds", c.seeds},
          {"same_objective", c.agreeing},
          {"same_parameters", c.agreeing_parameters},
          {"objective", c.best.objective},
          {"parameters", c.best.theta},
          {"mu", c.best.mu},
          {"sigma", c.best.sigma},
          {"projected_gradient", certificate.projected_gradient},
          {"condition", certificate.condition},
          {"share_of_starts", certificate.share},
          {"at_bound", certificate.at_bound},
          {"unidentified", certificate.unidentified}};
}

}  // namespace

SeriesCheck check_joint(const std::string& name, const Runs& given, std::vector<bool> held,
                        const CheckOptions& options) {
  SeriesCheck check;
  check.name = name;
  std::vector<std::size_t> kept(given.count());
  std::iota(kept.begin(), kept.end(), std::size_t{0});
  if (given.has(variable::unique_data)) {
    const auto data = given.column(variable::data), unique = given.column(variable::unique_data);
    std::erase_if(kept, [&](std::size_t i) { return data[i] > options.most_repeats * unique[i]; });
  }
  check.left_out = given.count() - kept.size();
  const Runs points = given.select(kept);
  check.runs = points.count();
  if (held.empty()) {
    held = top_scale(points);
  } else {
    FRUGAL_ASSERT(held.size() == given.count(), "one flag a run");
    for (std::size_t i = 0; i < kept.size(); ++i) held[i] = held[kept[i]];
    held.resize(kept.size());
  }
  std::vector<std::size_t> fitted_rows, held_rows;
  for (std::size_t i = 0; i < points.count(); ++i) (held[i] ? held_rows : fitted_rows).push_back(i);
  check.fitted = fitted_rows.size();
  check.held_out = held_rows.size();
  for (const auto& law : options.laws) check.convergence.push_back(count_agreement(law, points, options));

  const Runs held_points = points.select(held_rows);
  if (held_rows.empty()) {
    check.refusal = "no runs are held out";
    return check;
  }
  try {
    PredictiveOptions predictive_options;
    predictive_options.level = options.level;
    const Predictive predictive(points.select(fitted_rows), predictive_options);
    for (std::size_t i = 0; const Interval& interval : predictive.predict(held_points))
      check.judged.push_back({held_points.y[i++], {interval.estimate, interval.lower, interval.upper}});
  } catch (const base::UserError& error) {
    check.refusal = error.message();
  }
  return check;
}

std::vector<Judged> JointReport::judged() const {
  std::vector<Judged> all;
  for (const SeriesCheck& check : series) all.insert(all.end(), check.judged.begin(), check.judged.end());
  return all;
}

void JointReport::add_to_result(Json& out) const {
  out["series"] = Json::array();
  for (const SeriesCheck& check : series) {
    Json one = {{"name", check.name},
                {"fitted", check.fitted},
                {"held_out", check.held_out},
                {"left_out", check.left_out},
                {"convergence", Json::array()}};
    for (const auto& c : check.convergence) one["convergence"].push_back(convergence_json(c));
    if (!check.refusal.empty()) {
      one["refused"] = check.refusal;
    } else {
      const Judgement judgement = judge(check.judged);
      one["log_rmse"] = judgement.log_rmse;
      one["covered"] = static_cast<double>(judgement.covered);
      one["mean_log_width"] = judgement.mean_log_width;
    }
    out["series"].push_back(std::move(one));
  }
  const std::vector<Judged> all = judged();
  const auto rows = static_cast<double>(all.size());
  const Judgement judgement = judge(all);
  out["held_out"] = rows;
  out["covered"] = all.empty() ? Json() : Json(static_cast<double>(judgement.covered) / rows);
  out["mean_log_width"] = all.empty() ? Json() : Json(judgement.mean_log_width);
}

void JointReport::add_to_page(Page& page, double coverage) const {
  page.section("Held-out top scales");
  std::vector<std::vector<std::string>> rows, convergence;
  for (const SeriesCheck& check : series) {
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
    const Judgement judgement = judge(check.judged);
    rows.push_back({check.name, std::to_string(check.fitted), std::to_string(check.held_out),
                    shown(judgement.log_rmse), fmt::format("{} of {}", judgement.covered, check.held_out),
                    shown(judgement.mean_log_width), ""});
  }
  const std::vector<Judged> all = judged();
  if (!all.empty()) {
    const Judgement judgement = judge(all);
    const double covered = static_cast<double>(judgement.covered) / static_cast<double>(all.size());
    page.paragraph(fmt::format("{} intervals hold {} of {} held-out runs, at a mean log width of {}.",
                               share(coverage), share(covered), all.size(), shown(judgement.mean_log_width)));
  }
  add_predicted_against_measured(page, all, coverage, "One point a held-out run.");
  page.table({"series", "fitted", "held out", "RMSE of ln error", "covered", "mean log width", ""}, rows);
  page.table(
      {"series", "law", "same objective", "same parameters", "gradient", "condition", "not identified"},
      convergence, "Fits from different seeds that end within 1e-6 of the best.");
}

std::unique_ptr<Check> validate_joint(const ValidateInput& input) {
  const Measurements& m = input.measurements;
  const ValidateConfig& config = input.config;
  if (!m.runs.has(variable::size) || !m.runs.has(variable::data)) {
    throw base::UserError("", "joint needs a column of sizes and one of data",
                          "--set columns.size=NAME --set columns.data=NAME");
  }
  CheckOptions options;
  options.laws = config.convergence_laws;
  options.seeds = static_cast<int>(config.seeds);
  options.level = config.fit.coverage;
  options.seed = input.seed;
  auto report = std::make_unique<JointReport>();
  const auto series = m.rows_by_series();
  for (std::size_t s = 0; s < series.size(); ++s) {
    const Runs own = m.runs.select(series[s]);
    std::vector<bool> held;
    for (std::size_t i = 0; i < own.count(); ++i) {
      if (config.hold_out_above) {
        held.push_back(own.column(variable::size)[i] > *config.hold_out_above);
      } else if (!own.held_out.empty()) {
        held.push_back(own.held_out[i] != 0);
      }
    }
    report->series.push_back(check_joint(input.series_name(s), own, std::move(held), options));
  }
  return report;
}

}  // namespace frugal::fit
