#include "fit/command/decide_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/progress.h"
#include "fit/decide/decide.h"
#include "fit/runs/roles.h"
#include "fit/runs/table.h"

namespace frugal::fit {
namespace {

using Json = nlohmann::ordered_json;
using base::UserError;

double parse_number(const std::string& text, const std::string& place) {
  double value = 0;
  const auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || stop != text.data() + text.size() || !std::isfinite(value)) {
    throw UserError(place, fmt::format("must be a number, got '{}'", text), "for example size=1e9,data=2e10");
  }
  if (!(value > 0)) throw UserError(place, fmt::format("must be > 0, got {}", text));
  return value;
}

RunScale to_scale(const std::map<std::string, double>& at, const Surface& surface, bool all) {
  RunScale scale;
  for (const auto& [name, value] : at) scale.of(name) = value;
  scale.fill_usual();
  for (const std::string& variable : surface.variables()) {
    if (all && !(scale.of(variable) > 0)) {
      throw UserError("--at", fmt::format("the fit needs a value for '{}'", variable),
                      fmt::format("for example --at {}", fmt::join(surface.variables(), "=1e9,")) + "=1e9");
    }
  }
  return scale;
}

Json scale_json(const RunScale& scale, const Surface& surface) {
  Json out;
  for (const std::string& variable : surface.variables()) out[variable] = scale.of(variable);
  return out;
}

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

std::optional<std::string> far_note(double beyond, double far) {
  if (beyond <= far) return std::nullopt;
  return fmt::format("{:.3g} times beyond the largest fitted run: the law was never seen near here", beyond);
}

Json reach_json(const Reach& reach) {
  return {{"variable", reach.variable},
          {"target_error", reach.target},
          {"reachable", reach.reachable},
          {"needed", to_json(reach.needed)},
          {"probability_reachable", reach.probability},
          {"floor", to_json(reach.floor)}};
}

Json allocation_json(const Allocation& a) {
  Json out = {{"budget", a.budget},
              {"size", to_json(a.size)},
              {"data", to_json(a.data)},
              {"error", to_json(a.error)}};
  if (!a.interior) out["note"] = "no interior minimum: the optimum lies at the edge of the sizes looked at";
  return out;
}

}  // namespace

void PredictConfig::visit(config::Visitor& v) {
  v.field("coverage", coverage, config::between_open(0, 1), "of the intervals; null: as in the fit");
  v.field("far", far, config::at_least(1), "flag predictions so many times beyond the largest fitted run");
}

std::map<std::string, double> parse_scale(const std::string& text) {
  std::map<std::string, double> at;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    const std::string one = text.substr(start, end - start);
    start = end + 1;
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos) {
      throw UserError("--at " + text, fmt::format("'{}' is not name=value", one),
                      "for example size=1e9,data=2e10");
    }
    const Role* role = scale_role(one.substr(0, equals));
    if (role == nullptr) {
      throw UserError("--at " + text, fmt::format("unknown variable '{}'", one.substr(0, equals)),
                      base::suggest(one.substr(0, equals), scale_names()));
    }
    at[role->name] = parse_number(one.substr(equals + 1), "--at " + one);
  }
  return at;
}

std::vector<std::map<std::string, double>> read_scales(const std::string& path) {
  const Table table = read_tables({path});
  std::vector<std::map<std::string, double>> out;
  for (const Table::Row& row : table.rows) {
    std::map<std::string, double> at;
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const Role* role = scale_role(table.columns[c]);
      if (role == nullptr || row.cells[c].missing) continue;
      at[role->name] =
          parse_number(row.cells[c].text, table.place(row) + ": column '" + table.columns[c] + "'");
    }
    out.push_back(std::move(at));
  }
  return out;
}

void predict_command(const ReadFit& fit, const PredictConfig& config, Json& result) {
  const double coverage = config.coverage.value_or(fit.coverage);
  result["law"] = fit.surface->law_name;
  result["coverage"] = coverage;
  result["predictions"] = Json::array();
  for (const auto& at : config.at) {
    const RunScale scale = to_scale(at, *fit.surface, true);
    const double beyond = fit.surface->beyond(scale);
    Json one = {{"at", scale_json(scale, *fit.surface)},
                {"error", to_json(fit.surface->predict(scale, coverage))},
                {"beyond", beyond}};
    if (const auto note = far_note(beyond, config.far)) one["note"] = *note;
    result["predictions"].push_back(std::move(one));
  }
}

void PlanConfig::visit(config::Visitor& v) {
  v.field("target_error", target_error, config::greater_than(0),
          "what data, size and budget reach this error?");
  v.field("budgets", budgets, config::greater_than(0), "best size and data for these training costs");
  v.field("deploy_tokens", deploy_tokens, config::greater_than(0),
          "tokens (examples) that the model will be used on: cheapest over its life");
  v.field("inference_cost", inference_cost, "cost of one token in use, as an expression in N");
  v.field("at", at, config::greater_than(0), "values held, for what a target needs of the other variable");
  v.field("grow", grow, config::greater_than(1), "is it worth going on to so many times the compute?");
  v.field("improvement", improvement, config::between(0, 1), "... for at least this relative improvement");
  v.field("cost", cost, "cost of a run as an expression in N and D; empty: as in the fit");
  v.field("coverage", coverage, config::between_open(0, 1), "of the intervals; null: as in the fit");
  v.field("frontier", frontier, config::between(0, 100), "points of the compute-optimal frontier");
}

void plan_command(const ReadFit& fit, const PlanConfig& config, const std::string& place, Json& result) {
  const Surface& surface = *fit.surface;
  const double coverage = config.coverage.value_or(fit.coverage);
  const Cost cost(config.cost.empty() ? fit.cost : config.cost, place + ":/cost");
  const bool joint = surface.uses("size") && surface.uses("data");
  result["law"] = surface.law_name;
  result["coverage"] = coverage;
  result["cost"] = joint ? cost.text() : surface.variables().front();
  const RunScale largest = surface.largest();

  if (config.target_error) {
    const double target = *config.target_error;
    Json& to = result["target"];
    to["error"] = target;
    to["ways"] = Json::array();
    for (const std::string& variable : surface.variables()) {
      if (variable != "size" && variable != "data" && variable != "compute") continue;
      // Held: what the user says, else the largest value that was run.
      RunScale held = largest;
      for (const auto& [name, value] : config.at) held.of(name) = value;
      if (config.at.count(variable) > 0) continue;
      Json way = reach_json(scale_for_target(surface, variable, held, target, coverage));
      Json& others = way["held"] = Json::object();
      for (const std::string& other : surface.variables()) {
        if (other != variable) others[other] = held.of(other);
      }
      to["ways"].push_back(std::move(way));
    }
    if (joint) {
      const BudgetForTarget budget = budget_for_target(surface, cost, target, coverage);
      Json& best = to["compute_optimal"];
      best["reachable"] = budget.reachable;
      best["probability_reachable"] = budget.probability;
      best["budget"] = to_json(budget.budget);
      best["floor"] = to_json(budget.floor);
      if (budget.reachable) {
        const Allocation a = optimal_allocation(surface, cost, budget.budget.value, coverage);
        best["size"] = to_json(a.size);
        best["data"] = to_json(a.data);
        const double spent = compute_spent(surface, &cost, largest).total;
        best["compute_ratio"] = budget.budget.value / spent;
      }
    }
  }
  if (!config.budgets.empty()) {
    Json& list = result["budgets"] = Json::array();
    for (const double budget : config.budgets) {
      const Allocation a = optimal_allocation(surface, cost, budget, coverage);
      Json one = allocation_json(a);
      Json& curve = one["isoflop"] = Json::array();
      for (const IsoFlopPoint& point : isoflop_curve(surface, cost, budget, 17, coverage)) {
        curve.push_back({{"size", point.size}, {"data", point.data}, {"error", to_json(point.error)}});
      }
      const double spent = compute_spent(surface, &cost, largest).total;
      one["compute_ratio"] = budget / spent;
      list.push_back(std::move(one));
    }
  }
  if (joint && config.frontier > 0) {
    const ComputeSpent spent = compute_spent(surface, &cost, largest);
    Json& list = result["frontier"] = Json::array();
    for (std::int64_t i = 0; i < config.frontier; ++i) {
      const double share =
          config.frontier > 1 ? static_cast<double>(i) / static_cast<double>(config.frontier - 1) : 0;
      list.push_back(allocation_json(
          optimal_allocation(surface, cost, spent.largest / 10 * std::pow(1000.0, share), coverage)));
    }
  }
  if (config.deploy_tokens) {
    const Expression inference(config.inference_cost, {"N", "m", "size"}, {}, place + ":/inference_cost");
    double target = config.target_error.value_or(0);
    if (!config.target_error) {
      // Without a target: what the (first) budget, else the largest run's cost, would reach at its best.
      const double budget =
          config.budgets.empty() ? compute_spent(surface, &cost, largest).largest : config.budgets.front();
      target = optimal_allocation(surface, cost, budget, 0).error.value;
    }
    Json& use = result["deployment"];
    use["tokens"] = *config.deploy_tokens;
    use["target_error"] = target;
    const auto plan = overtrain(surface, cost, inference, *config.deploy_tokens, target, coverage);
    use["reachable"] = plan.has_value();
    if (plan) {
      use["size"] = to_json(plan->size);
      use["data"] = to_json(plan->data);
      use["training_cost"] = to_json(plan->training_cost);
      use["lifetime_cost"] = to_json(plan->lifetime_cost);
      use["cheapest_to_train"] = {{"size", plan->optimal_size},
                                  {"data", plan->optimal_data},
                                  {"lifetime_cost", plan->optimal_lifetime_cost}};
      use["saved"] = 1 - plan->lifetime_cost.value / plan->optimal_lifetime_cost;
    }
  }
  const GoingOn on =
      worth_going_on(surface, joint ? &cost : nullptr, config.grow, config.improvement, coverage);
  result["going_on"] = {{"factor", on.factor},
                        {"cost_now", on.cost_now},
                        {"error_now", on.error_now},
                        {"next", scale_json(on.next, surface)},
                        {"error_next", to_json(on.error_next)},
                        {"improvement", to_json(on.improvement)},
                        {"required", on.required},
                        {"probability", on.probability}};
}

void CompareConfig::visit(config::Visitor& v) {
  v.field("along", along, "budget, size, data or compute; empty: budget for laws of size and data");
  v.field("low", low, config::greater_than(0), "where to begin looking; null: the smallest fitted run");
  v.field("high", high, config::greater_than(0), "where to end; null: 1000 times the largest");
  v.field("at", at, config::greater_than(0), "values held, for along = size or data");
  v.field("cost", cost, "cost of a run as an expression in N and D; empty: as in the first fit");
  v.field("coverage", coverage, config::between_open(0, 1), "of the intervals; null: as in the first fit");
}

void compare_command(const ReadFit& first, const ReadFit& second, const CompareConfig& config,
                     const std::string& place, Json& result) {
  const Surface &a = *first.surface, &b = *second.surface;
  const double coverage = config.coverage.value_or(first.coverage);
  const Cost cost(config.cost.empty() ? first.cost : config.cost, place + ":/cost");
  const bool joint = a.uses("size") && a.uses("data") && b.uses("size") && b.uses("data");
  const std::string along = !config.along.empty() ? config.along : joint ? "budget" : a.variables().front();
  double low = config.low.value_or(0), high = config.high.value_or(0);
  const auto cheapest = [&](const Surface& s) {
    double least = INFINITY;
    for (std::size_t i = 0; i < s.measured().count(); ++i)
      least = std::min(least, run_cost(s, &cost, s.measured().scale(i)));
    return least;
  };
  RunScale held;
  if (along == "budget") {
    if (low == 0) low = std::min(cheapest(a), cheapest(b));
    if (high == 0) {
      high = 1e3 * std::max(compute_spent(a, &cost, a.largest()).largest,
                            compute_spent(b, &cost, b.largest()).largest);
    }
  } else {
    for (const Surface* s : {&a, &b}) {
      if (!s->uses(along)) {
        throw UserError("along", fmt::format("'{}' is no variable of the law '{}'", along, s->law_name),
                        base::suggest(along, s->variables()));
      }
    }
    if (low == 0) low = std::min(a.smallest().of(along), b.smallest().of(along));
    if (high == 0) high = 1e3 * std::max(a.largest().of(along), b.largest().of(along));
    for (const std::string& name : scale_names()) {
      held.of(name) = std::max(a.largest().of(name), b.largest().of(name));
    }
    for (const auto& [name, value] : config.at) held.of(name) = value;
  }
  if (!(low < high)) {
    throw UserError("low", fmt::format("must be below high, got {:g} and {:g}", low, high));
  }
  const Crossing crossing = find_crossing(a, b, cost, along, held, low, high, coverage);
  result["laws"] = {a.law_name, b.law_name};
  result["coverage"] = coverage;
  result["along"] = along;
  result["range"] = {low, high};
  if (along != "budget") {
    Json& others = result["held"] = Json::object();
    for (const std::string& variable : a.variables()) {
      if (variable != along) others[variable] = held.of(variable);
    }
  }
  result["crosses"] = crossing.crosses;
  result["crossing"] = crossing.crosses || crossing.probability > 0 ? to_json(crossing.at) : Json();
  result["probability_of_crossing"] = crossing.probability;
  result["probability_first_better"] = {{"at_low", number(crossing.first_better_below)},
                                        {"at_high", number(crossing.first_better_above)}};
}

}  // namespace frugal::fit
