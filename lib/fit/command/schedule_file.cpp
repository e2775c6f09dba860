// A fit of the annealing law as JSON, and back.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "config/json_node.h"
#include "fit/command/schedule.h"
#include "fit/surface/surface.h"

namespace frugal::fit {
namespace {

using Json = nlohmann::ordered_json;

std::vector<double> predicted_of(const AnnealingFit& fit, const SchedulePoints& run) {
  std::vector<double> out;
  const std::vector<double> annealed = run.rates.annealed(run.steps, fit.law.memory);
  for (std::size_t i = 0; i < run.count(); ++i) out.push_back(fit.law.loss(run.area[i], annealed[i]));
  return out;
}

constexpr const char* effect_names[] = {"fitted", "none seen", "not varied"};

Json parameters_json(const ScheduleFit& given) {
  const AnnealingFit& fit = given.fit;
  Json out = Json::array();
  for (std::size_t p = 0; p < annealing_parameters().size(); ++p) {
    std::vector<double> values;
    for (const AnnealingLaw& draw : fit.draws) values.push_back(draw.values()[p]);
    const Estimate e = estimate_of(fit.law.values()[p], std::move(values), given.coverage);
    Json one = {{"name", annealing_parameters()[p].name}, {"meaning", annealing_parameters()[p].meaning}};
    const bool annealing = fit.effect == AnnealingEffect::fitted;
    if (annealing || p < 3)
      one.update(to_json(e));
    else
      one.update({{"value", p == 3 && fit.effect == AnnealingEffect::none_seen ? Json(0) : Json()}});
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

void add_to_result(const ScheduleFit& given, Json& result) {
  const AnnealingFit& fit = given.fit;
  Json runs = Json::array(), draws = Json::array(), hidden = Json::array();
  std::size_t points = 0;
  for (const SchedulePoints& run : fit.runs) {
    Json steps = Json::array(), rates = Json::array(), loss = Json::array();
    for (const Knot& knot : run.rates.knots()) {
      steps.push_back(knot.step);
      rates.push_back(knot.rate);
    }
    for (const double one : run.log_loss) loss.push_back(std::exp(one));
    points += run.count();
    runs.push_back({{"name", run.name},
                    {"step", run.steps},
                    {"loss", std::move(loss)},
                    {"predicted", predicted_of(fit, run)},
                    {"schedule", {{"step", std::move(steps)}, {"learning_rate", std::move(rates)}}}});
  }
  for (const AnnealingLaw& draw : fit.draws) draws.push_back(draw.values());
  for (const HiddenStretch& one : fit.hidden) {
    double square = 0;
    for (std::size_t i = 0; i < one.steps.size(); ++i)
      square +=
          std::pow(std::log(one.predicted[i] / one.measured[i]), 2) / static_cast<double>(one.steps.size());
    hidden.push_back({{"run", one.run},
                      {"hidden", one.whole ? "run" : "end"},
                      {"checkpoints", one.steps.size()},
                      {"beyond", one.beyond},
                      {"log_miss", one.log_miss},
                      {"log_rmse", std::sqrt(square)}});
  }
  result["notes"] = given.notes;
  result["fits"] = Json::array();
  result["fits"].push_back({{"kind", annealing_law},
                            {"formula", annealing_formula},
                            {"loss_column", given.loss},
                            {"points_fitted", points},
                            {"parameters", parameters_json(given)},
                            {"annealing", effect_names[static_cast<int>(fit.effect)]},
                            {"noise", fit.noise},
                            {"correlation", fit.correlation},
                            {"block", fit.block},
                            {"from_area", fit.from},
                            {"largest_area", fit.largest},
                            {"misfit", fit.misfit},
                            {"misses", fit.misses},
                            {"hold_outs", std::move(hidden)},
                            {"notes", fit.notes},
                            {"runs", std::move(runs)},
                            {"draws", std::move(draws)}});
}

bool is_schedule_fit(const nlohmann::json& json) {
  const auto fits = json.is_object() ? json.find("fits") : json.end();
  if (!json.is_object() || fits == json.end() || !fits->is_array() || fits->empty()) return false;
  return fits->front().is_object() && fits->front().value("kind", nlohmann::json()) == annealing_law;
}

namespace {

AnnealingLaw read_law(const config::JsonNode& node) {
  const std::vector<double> values = node.numbers(config::at_least(0));
  if (values.size() != 5) node.fail("must have five values: L0, A, alpha, C, memory");
  if (!(values[4] > 0)) node.fail("must have a memory > 0");
  return AnnealingLaw::of({values[0], values[1], values[2], values[3], values[4]});
}

SchedulePoints read_run(const config::JsonNode& node) {
  SchedulePoints run;
  run.name = node["name"].text();
  run.steps = node["step"].numbers(config::at_least(0));
  for (const double loss : node["loss"].numbers(config::greater_than(0)))
    run.log_loss.push_back(std::log(loss));
  if (run.steps.empty() || run.log_loss.size() != run.steps.size())
    node["loss"].fail("must be as long as step");
  const config::JsonNode schedule = node["schedule"];
  const std::vector<double> steps = schedule["step"].numbers(config::at_least(0)),
                            rates = schedule["learning_rate"].numbers(config::at_least(0));
  if (steps.empty() || rates.size() != steps.size()) schedule.fail("must have as many rates as steps");
  std::vector<Knot> knots;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (i > 0 && !(steps[i] > steps[i - 1])) schedule["step"].fail("must rise");
    knots.push_back({steps[i], rates[i]});
  }
  if (run.steps.back() > knots.back().step || !std::is_sorted(run.steps.begin(), run.steps.end()))
    node["step"].fail("must rise, and end within the schedule");
  run.rates = Rates(std::move(knots));
  run.area = run.rates.areas(run.steps);
  return run;
}

}  // namespace

ScheduleFit read_schedule_fit(const nlohmann::json& json, const std::string& origin) {
  const config::JsonNode root(json, origin, "", "is this the JSON that `scalefit fit` printed?");
  const config::JsonNode node = root["fits"][0];
  ScheduleFit out;
  out.coverage = root["config"].number_or("coverage", 0.95, config::between_open(0, 1));
  out.loss = node["loss_column"].text();
  AnnealingFit& fit = out.fit;
  fit.seed = static_cast<std::uint64_t>(root["seed"].number(config::at_least(0)));
  std::array<double, 5> values{};
  std::size_t p = 0;
  for (const config::JsonNode& one : node["parameters"].elements()) {
    if (p == values.size()) node["parameters"].fail("must be five");
    values[p] = one.number_or("value", p == 4 ? 1 : 0);
    ++p;
  }
  if (p != values.size()) node["parameters"].fail("must be five");
  fit.law = AnnealingLaw::of(values);
  const std::string effect = node["annealing"].one_of({effect_names[0], effect_names[1], effect_names[2]});
  fit.effect = static_cast<AnnealingEffect>(std::find(effect_names, effect_names + 3, effect) - effect_names);
  fit.noise = node["noise"].number(config::between(0, 100));
  fit.misfit = node["misfit"].number(config::between(0, 100));
  fit.misses = static_cast<std::size_t>(node["misses"].integer(config::between(0, 1e4)));
  fit.largest = node["largest_area"].number(config::greater_than(0));
  for (const config::JsonNode& one : node["runs"].elements()) fit.runs.push_back(read_run(one));
  for (const config::JsonNode& one : node["draws"].elements()) fit.draws.push_back(read_law(one));
  return out;
}

}  // namespace frugal::fit
