#include "fit/command/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "fit/command/answer.h"
#include "fit/command/decision.h"
#include "fit/runs/roles.h"
#include "fit/schedule/shape.h"
#include "fit/surface/surface.h"

namespace frugal::fit {

using Json = nlohmann::ordered_json;
using base::UserError;

void check_schedule_config(const FitConfig& config, const std::string& place) {
  const FitConfig usual;
  const MeasurementConfig& read = config.measurements;
  const std::pair<const char*, bool> fields[] = {
      {"law", config.law != usual.law && config.law != annealing_law},
      {"expression", !config.expression.empty()},
      {"fixed", !config.fixed.empty()},
      {"parameters", !config.parameters.empty()},
      {"loss", config.loss != usual.loss},
      {"huber_delta", config.huber_delta != usual.huber_delta},
      {"intervals", config.intervals != usual.intervals},
      {"sweep", config.sweep != usual.sweep},
      {"checkpoints", config.checkpoints != usual.checkpoints},
      {"ignore", !config.ignore.empty()},
      {"chance", read.chance.has_value()},
      {"missing", read.missing != usual.measurements.missing},
      {"invalid", read.invalid != usual.measurements.invalid},
      {"decimal", read.decimal != usual.measurements.decimal},
      {"duplicates", read.duplicates != usual.measurements.duplicates},
      {"most_runs", config.most_runs != usual.most_runs},
      {"cost", config.cost != usual.cost},
  };
  std::vector<std::string> without_effect;
  for (const auto& [field, given] : fields) {
    if (given) without_effect.emplace_back(field);
  }
  for (const Role& role : roles()) {
    const bool has_effect = std::string(role.name) == role::error || std::string(role.name) == variable::size;
    if (!has_effect && !read.columns.asked(role.name).empty())
      without_effect.push_back(std::string("columns/") + role.name);
  }
  if (!without_effect.empty())
    throw UserError(place + ":/" + without_effect.front(), "has no effect on the annealing law",
                    "leave it out");
}

ScheduleFit fit_schedule(const Table& table, const FitConfig& config, std::uint64_t seed,
                         const std::string& place) {
  check_schedule_config(config, place);
  TrainingCurves curves = read_training_curves(table, config.measurements, config.schedule, place);
  ScheduleFit out;
  out.loss = curves.loss;
  out.notes = std::move(curves.notes);
  out.coverage = config.coverage;
  out.fit = fit_annealing(curves.curves, {static_cast<int>(config.draws), seed});
  return out;
}

AskedSchedule asked_schedule(const std::string& text, const AnnealingFit& fit) {
  const std::string place = "--schedule " + text;
  if (!is_continuation(text)) return {text, read_shape(text, place)};
  const Continuation how = read_continuation(text, place);
  std::vector<std::string> names;
  for (const SchedulePoints& run : fit.runs) names.push_back(run.name);
  if (how.run.empty() && names.size() > 1)
    throw UserError(place, fmt::format("which of {} runs goes on?", names.size()),
                    fmt::format("run={}", fmt::join(names, " or run=")));
  const auto found = how.run.empty() ? names.begin() : std::find(names.begin(), names.end(), how.run);
  if (found == names.end())
    throw UserError(place, fmt::format("no run '{}'", how.run), base::suggest(how.run, names));
  const SchedulePoints& run = fit.runs[static_cast<std::size_t>(found - names.begin())];
  // From its last checkpoint: a schedule in words may have been meant to go further.
  std::vector<Knot> seen;
  for (const Knot& knot : run.rates.knots())
    if (knot.step < run.steps.back()) seen.push_back(knot);
  seen.push_back({run.steps.back(), run.rates.at(run.steps.back())});
  if (how.falls && how.final_rate > seen.back().rate)
    throw UserError(place, fmt::format("final must be at most the rate that the run has now ({:g}), got {:g}",
                                       seen.back().rate, how.final_rate));
  return {text, continued(Rates(std::move(seen)), how)};
}

AskedSchedule schedule_of_file(const std::string& path) { return {path, read_rates(read_tables({path}))}; }

void predict_schedules(const ScheduleFit& given, const std::vector<AskedSchedule>& asked,
                       const PredictConfig& config, Json& result) {
  const AnnealingFit& fit = given.fit;
  const double coverage = config.coverage.value_or(given.coverage);
  result["law"] = annealing_law;
  result["coverage"] = coverage;
  result["predictions"] = Json::array();
  for (const AskedSchedule& one : asked) {
    const double end = one.rates.end(), far = beyond(fit, one.rates);
    std::vector<Estimate> estimates;
    try {
      estimates = predict(fit, one.rates, {&end, 1}, coverage);
    } catch (const UserError& error) {
      throw UserError("--schedule " + one.text, error.message(), error.hint());
    }
    Json line = {{"schedule", one.text},
                 {"steps", end},
                 {"area", one.rates.areas({&end, 1}).front()},
                 {"annealed", one.rates.annealed({&end, 1}, fit.law.memory).front()},
                 {"error", to_json(estimates.front())},
                 {"beyond", far}};
    if (far > config.far)
      line["note"] = fmt::format("{:.3g} times beyond the largest summed rate that was fitted", far);
    result["predictions"].push_back(std::move(line));
  }
}

namespace {

std::string estimate_words(const Estimate& e) {
  return fmt::format("{:.4g} [{:.4g}, {:.4g}]", e.value, e.low, e.high);
}

}  // namespace

std::string schedule_fit_answer(const ScheduleFit& given) {
  const AnnealingFit& fit = given.fit;
  const AnnealingLaw& law = fit.law;
  std::size_t points = 0;
  double square = 0;
  for (const SchedulePoints& run : fit.runs) points += run.count();
  for (const HiddenStretch& one : fit.hidden)
    square += one.log_miss * one.log_miss / double(fit.hidden.size());
  std::string out =
      fmt::format("{} = {:.4g} + {:.4g} S1^-{:.3g}", given.loss, law.floor, law.scale, law.alpha);
  if (fit.effect == AnnealingEffect::fitted)
    out += fmt::format(" - {:.4g} S2, lambda {:.5g}", law.strength, std::exp(-1 / law.memory));
  out += fmt::format("; {} points of {} runs", points, fit.runs.size());
  if (!fit.hidden.empty())
    out += fmt::format("; hidden ends and runs are missed by {:.2g} %", 100 * std::sqrt(square));
  out += ".\n";
  for (const std::string& note : fit.notes) out += "  - " + note + "\n";
  for (const std::string& note : given.notes) out += "- " + note + "\n";
  return out +
         "S1: sum of the learning rates; S2: what came down of them, with momentum. predict --schedule says "
         "what another "
         "schedule gives.\n";
}

std::string schedule_predict_answer(const ScheduleFit& given, const Json& result) {
  std::string out;
  for (const Json& one : result.at("predictions")) {
    out += fmt::format("{}: {} {} after {} steps", one.at("schedule").get<std::string>(), given.loss,
                       estimate_words(estimate_in(one.at("error"))), people(one.at("steps").get<double>()));
    const double far = one.at("beyond").get<double>();
    if (far > 1) out += fmt::format(", {:.3g} times the largest summed rate that was fitted", far);
    out += "\n";
  }
  return out + fmt::format("{:.3g} % intervals, of one checkpoint with its noise; law: annealing\n",
                           100 * result.at("coverage").get<double>());
}

}  // namespace frugal::fit
