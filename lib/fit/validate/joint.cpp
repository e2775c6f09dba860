// The figures by which joint fits are judged, for any table of runs: does every seed reach the same optimum,
// how far does the prediction of the held-out runs miss, do the intervals cover them and how wide are they.
// Behind scripts/check-joint.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "base/error.h"
#include "base/stop.h"
#include "fit/command/page_parts.h"
#include "fit/command/run_fit.h"
#include "fit/law/fit.h"
#include "fit/posterior/predictive.h"
#include "fit/validate/validate.h"

namespace frugal::fit {

using Json = nlohmann::ordered_json;
using report::Page;

namespace {

// Runs that repeat their data more often are left out, fit and check alike, and counted: the laws say that a
// repetition is worth ever less, not that it harms.
constexpr double most_repeats = 16;

struct SeriesCheck {
  std::string name;
  std::size_t runs = 0, fitted = 0, held_out = 0, left_out = 0;
  struct Convergence {
    std::string law;
    int seeds = 0, agreeing = 0, agreeing_parameters = 0;  // within 1e-6 relative of the best over the seeds
    FitResult best;
  };
  std::vector<Convergence> convergence;
  std::vector<Judged> judged;   // the held-out runs
  std::vector<Judged> through;  // in two steps: their downstream error, of those that have one
  std::string refusal;          // why none is judged; empty: they are
};

struct JointReport final : Check {
  std::vector<SeriesCheck> series;

  std::vector<Judged> judged() const;  // of all series
  void add_to_result(nlohmann::ordered_json& result) const override;
  void add_to_page(report::Page& page, double coverage) const override;
};

// The rows of the largest sizes: as many sizes as it takes to hold out 3 runs and 5 % of all.
std::vector<bool> top_scale(const Runs& points) {
  const auto column = points.column(variable::size);
  const auto cuts = rolling_cuts(points, variable::size, 1);
  std::vector<bool> held(points.count(), false);
  if (cuts.empty()) return held;
  for (std::size_t i = 0; i < held.size(); ++i) held[i] = column[i] >= cuts.front();
  return held;
}

SeriesCheck::Convergence count_agreement(const std::string& name, const Runs& points,
                                         const ValidateInput& input) {
  SeriesCheck::Convergence convergence;
  convergence.law = name;
  convergence.seeds = static_cast<int>(input.config.seeds);
  const auto law = find_law(name);
  std::vector<FitResult> results;
  for (int s = 0; s < convergence.seeds; ++s) {
    base::stop_if_requested();
    FitOptions fit_options;
    fit_options.seed = input.seed + std::uint64_t(s);
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

// In two steps: the downstream error of the runs at `held`, from the others' losses and the others' pairs.
std::vector<Judged> judge_two_steps(const Measurements& all, const Runs& points,
                                    const std::vector<std::size_t>& fitted,
                                    const std::vector<std::size_t>& held, const ValidateInput& input) {
  std::set<std::string> hidden;
  for (const std::size_t i : held) hidden.insert(points.places[i]);
  Measurements part = all;
  part.runs = points.select(fitted);
  auto second = std::make_shared<Measurements>(*all.second);
  std::map<std::string, double> errors;
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < second->runs.count(); ++i) {
    if (hidden.count(second->runs.places[i]) > 0)
      errors[second->runs.places[i]] = second->runs.y[i];
    else
      others.push_back(i);
  }
  if (errors.empty()) return {};
  second->runs = second->runs.select(others);
  part.second = std::move(second);
  const FitOutcome outcome = run_fit(part, input.config.fit_config(), input.seed, input.place);
  std::vector<Judged> judged;
  for (const std::size_t i : held) {
    const auto measured = errors.find(points.places[i]);
    if (measured == errors.end()) continue;
    judged.push_back({measured->second,
                      outcome.series.front().surface->predict(points.scale(i), input.config.fit.coverage)});
  }
  return judged;
}

// held[i]: run i is predicted, not fitted; empty: top_scale.
SeriesCheck check_joint(const std::string& name, const Runs& given, std::vector<bool> held,
                        const ValidateInput& input) {
  SeriesCheck check;
  check.name = name;
  std::vector<std::size_t> kept(given.count());
  std::iota(kept.begin(), kept.end(), std::size_t{0});
  if (given.has(variable::unique_data)) {
    const auto data = given.column(variable::data), unique = given.column(variable::unique_data);
    std::erase_if(kept, [&](std::size_t i) { return data[i] > most_repeats * unique[i]; });
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
  for (const auto& law : input.config.convergence_laws)
    check.convergence.push_back(count_agreement(law, points, input));

  const Runs held_points = points.select(held_rows);
  if (held_rows.empty()) {
    check.refusal = "no runs are held out";
    return check;
  }
  try {
    PredictiveOptions predictive_options;
    predictive_options.level = input.config.fit.coverage;
    const Predictive predictive(points.select(fitted_rows), predictive_options);
    for (std::size_t i = 0; const Estimate& predicted : predictive.predict(held_points))
      check.judged.push_back({held_points.y[i++], predicted});
    if (input.measurements.second != nullptr)
      check.through = judge_two_steps(input.measurements, points, fitted_rows, held_rows, input);
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
      one["predictions"] = to_json(check.judged);
      if (!check.through.empty()) {
        const Judgement two = judge(check.through);
        one["downstream"] = {{"rmse", two.rmse},
                             {"log_rmse", two.log_rmse},
                             {"covered", static_cast<double>(two.covered)},
                             {"mean_log_width", two.mean_log_width},
                             {"predictions", to_json(check.through)}};
      }
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
  std::vector<Judged> through;
  for (const SeriesCheck& check : series)
    through.insert(through.end(), check.through.begin(), check.through.end());
  if (!through.empty()) {
    const Judgement two = judge(through);
    page.section("Downstream error, in two steps");
    page.paragraph(
        fmt::format("{} of {} intervals hold the error that was measured; the prediction misses it "
                    "by {} (root mean square).",
                    two.covered, through.size(), shown(two.rmse)));
    add_predicted_against_measured(page, through, coverage, "One point a held-out run.");
  }
  page.table(
      {"series", "law", "same objective", "same parameters", "gradient", "condition", "not identified"},
      convergence, "Fits from different seeds that end within 1e-6 of the best.");
}

}  // namespace

std::unique_ptr<Check> validate_joint(const ValidateInput& input) {
  const Measurements& m = input.measurements;
  const ValidateConfig& config = input.config;
  if (!m.runs.has(variable::size) || !m.runs.has(variable::data)) {
    throw base::UserError("", "joint needs a column of sizes and one of data",
                          "--set columns.size=NAME --set columns.data=NAME");
  }
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
    report->series.push_back(check_joint(input.series_name(s), own, std::move(held), input));
  }
  return report;
}

}  // namespace frugal::fit
