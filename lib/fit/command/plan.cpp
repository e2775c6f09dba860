#include "fit/command/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "fit/command/answer.h"
#include "fit/command/decision.h"
#include "fit/command/page_parts.h"
#include "fit/decide/allocation.h"
#include "fit/decide/decide.h"
#include "fit/decide/deployment.h"

namespace frugal::fit {
namespace {

using Json = nlohmann::ordered_json;
using base::UserError;

// What every part of a plan starts from.
struct Planner {
  const Surface& surface;
  const PlanConfig& config;
  const Cost& cost;
  double coverage;
};

Json allocation_json(const Allocation& a) {
  Json out = {{"budget", a.budget},
              {"size", to_json(a.size)},
              {"data", to_json(a.data)},
              {"error", to_json(a.error)}};
  if (!a.interior) out["note"] = "no interior minimum: the optimum lies at the edge of the sizes looked at";
  return out;
}

// Hours, energy and money of a cost in FLOPs, as far as the config says how.
void add_price(const PlanConfig& config, double flops, Json& out) {
  if (!config.flops_per_second) return;
  const double hours = flops / *config.flops_per_second / 3600;
  out["hours"] = hours;
  double money = 0;
  if (config.watts) out["kwh"] = hours * *config.watts / 1000;
  if (config.kwh_price) money += hours * *config.watts / 1000 * *config.kwh_price;
  if (config.hour_price) money += hours * *config.hour_price;
  if (config.hour_price || config.kwh_price) out["money"] = money;
}

// More of one variable, the others held: what the user says, else the largest value that was run.
Json ways_to(const Planner& plan, double target) {
  Json ways = Json::array();
  for (const std::string& variable : plan.surface.variables()) {
    if (variable != "size" && variable != "data" && variable != "compute") continue;
    if (plan.config.at.count(variable) > 0) continue;
    RunScale held = plan.surface.largest();
    for (const auto& [name, value] : plan.config.at) held.of(name) = value;
    const Reach reach = scale_for_target(plan.surface, variable, held, target, plan.coverage);
    ways.push_back({{"variable", variable},
                    {"target_error", target},
                    {"reachable", reach.reachable},
                    {"needed", to_json(reach.needed)},
                    {"probability_reachable", reach.probability},
                    {"floor", to_json(reach.floor)},
                    {"held", held_json(held, plan.surface, variable)}});
  }
  return ways;
}

Json best_split_for(const Planner& plan, double target) {
  const Reach reach = budget_for_target(plan.surface, plan.cost, target, plan.coverage);
  Json best = {{"reachable", reach.reachable},
               {"probability_reachable", reach.probability},
               {"budget", to_json(reach.needed)},
               {"floor", to_json(reach.floor)}};
  if (reach.reachable) {
    const Allocation a = optimal_allocation(plan.surface, plan.cost, reach.needed.value, plan.coverage);
    best["size"] = to_json(a.size);
    best["data"] = to_json(a.data);
    add_price(plan.config, reach.needed.value, best);
    best["compute_ratio"] = reach.needed.value / compute_spent(plan.surface, &plan.cost).total;
  }
  return best;
}

Json budget_json(const Planner& plan, double budget) {
  const double largest = compute_spent(plan.surface, &plan.cost).largest;
  if (budget > 1e12 * largest || budget < 1e-6 * largest)
    throw UserError("budget",
                    fmt::format("{:g} is {:.2g} times the cost of the costliest measured run ({:.3g}): no "
                                "law says anything there",
                                budget, budget / largest, largest),
                    fmt::format("give it in the unit of the cost, {}", plan.cost.text()));
  Json out = allocation_json(optimal_allocation(plan.surface, plan.cost, budget, plan.coverage));
  Json& curve = out["isoflop"] = Json::array();
  for (const IsoFlopPoint& point : isoflop_curve(plan.surface, plan.cost, budget, 17, plan.coverage))
    curve.push_back({{"size", point.size}, {"data", point.data}, {"error", to_json(point.error)}});
  out["compute_ratio"] = budget / compute_spent(plan.surface, &plan.cost).total;
  add_price(plan.config, budget, out);
  return out;
}

// The best split from a tenth of the costliest run's cost to a hundred times that cost.
Json frontier_json(const Planner& plan) {
  const double start = compute_spent(plan.surface, &plan.cost).largest / 10;
  const std::int64_t points = plan.config.frontier;
  Json list = Json::array();
  for (std::int64_t i = 0; i < points; ++i) {
    const double share = points > 1 ? static_cast<double>(i) / static_cast<double>(points - 1) : 0;
    list.push_back(allocation_json(
        optimal_allocation(plan.surface, plan.cost, start * std::pow(1000.0, share), plan.coverage)));
  }
  return list;
}

// Without a target: what the (first) budget, else the costliest run's cost, would reach at its best.
double target_of_use(const Planner& plan) {
  if (plan.config.target_error) return *plan.config.target_error;
  const double budget = plan.config.budgets.empty() ? compute_spent(plan.surface, &plan.cost).largest
                                                    : plan.config.budgets.front();
  return optimal_allocation(plan.surface, plan.cost, budget, 0).error.value;
}

Json deployment_json(const Planner& plan, double tokens, const std::string& place) {
  const Expression inference(plan.config.inference_cost, {"N", "m", "size"}, {}, place + ":/inference_cost");
  const double target = target_of_use(plan);
  const auto use = overtrain(plan.surface, plan.cost, inference, tokens, target, plan.coverage);
  Json out = {{"tokens", tokens}, {"target_error", target}, {"reachable", use.has_value()}};
  if (use) {
    out["size"] = to_json(use->size);
    out["data"] = to_json(use->data);
    out["training_cost"] = to_json(use->training_cost);
    out["lifetime_cost"] = to_json(use->lifetime_cost);
    out["cheapest_to_train"] = {{"size", use->optimal_size},
                                {"data", use->optimal_data},
                                {"lifetime_cost", use->optimal_lifetime_cost}};
    out["saved"] = 1 - use->lifetime_cost.value / use->optimal_lifetime_cost;
  }
  return out;
}

Json going_on_json(const Planner& plan) {
  const GoingOn on = worth_going_on(plan.surface, plan.surface.is_joint() ? &plan.cost : nullptr,
                                    plan.config.grow, plan.config.improvement, plan.coverage);
  return {{"factor", on.factor},
          {"cost_now", on.cost_now},
          {"error_now", on.error_now},
          {"next", to_json(on.next, plan.surface)},
          {"error_next", to_json(on.error_next)},
          {"improvement", to_json(on.improvement)},
          {"required", on.required},
          {"probability", on.probability}};
}

using report::Page;
using report::Plot;

void add_target(Page& page, const Json& target) {
  page.section(fmt::format("To reach an error of {}", shown(target.at("error").get<double>())));
  std::vector<std::vector<std::string>> rows;
  const auto add = [&rows](const std::string& what, const std::string& held, const Json& way,
                           const Json& needed) {
    const bool reachable = way.at("reachable").get<bool>();
    rows.push_back({what, held, reachable ? shown(number_in(needed.at("value"))) : "unreachable",
                    reachable ? range(estimate_in(needed)) : "",
                    share(way.at("probability_reachable").get<double>()),
                    shown(number_in(way.at("floor").at("value"))), range(estimate_in(way.at("floor")))});
  };
  for (const Json& way : target.at("ways"))
    add("more " + way.at("variable").get<std::string>(), text_of(way.at("held")), way, way.at("needed"));
  if (target.contains("compute_optimal"))
    add("more compute, best split", "", target.at("compute_optimal"),
        target.at("compute_optimal").at("budget"));
  page.table(
      {"way", "held", "needed", "interval", "probability that it is reached", "floor", "interval"}, rows,
      "The floor is the error with this variable without end; where it is above the target, none is enough.");
}

void add_frontier_error(Page& page, const Json& result, const Cost& cost) {
  EstimateSeries error;
  for (const Json& one : result.at("frontier"))
    error.add(one.at("budget").get<double>(), estimate_in(one.at("error")));
  Plot plot("Least error for a training cost", cost_axis("training cost", cost), error_axis());
  error.draw_line(plot, "best split of size and data", Plot::color(0), true);
  if (result.contains("target"))
    plot.horizontal("target", result.at("target").at("error").get<double>(), Plot::color(1));
  const Json& on = result.at("going_on");
  plot.points("best measured run", {on.at("cost_now").get<double>()}, {on.at("error_now").get<double>()},
              "#000000", 'd');
  page.figure(plot.svg(), "The band is the prediction interval of one run.");
}

void add_going_on(Page& page, const Json& on) {
  page.section("Is it worth going on?");
  page.paragraph(
      fmt::format("With {} times the cost of the best measured run (error {}), the best next run has {}. Its "
                  "error is predicted "
                  "at {} ({}), an improvement of {}. The probability that it improves by at least {} is {}.",
                  shown(on.at("factor").get<double>()), shown(on.at("error_now").get<double>()),
                  text_of(on.at("next")), shown(number_in(on.at("error_next").at("value"))),
                  range(estimate_in(on.at("error_next"))), share(number_in(on.at("improvement").at("value"))),
                  share(on.at("required").get<double>()), share(on.at("probability").get<double>())));
}

void add_deployment(Page& page, const Json& use) {
  page.section(
      fmt::format("Cheapest over a life of {} tokens or examples", shown(use.at("tokens").get<double>())));
  if (!use.at("reachable").get<bool>()) {
    page.paragraph(
        fmt::format("An error of {} is out of reach.", shown(use.at("target_error").get<double>())));
    return;
  }
  const Json& cheap = use.at("cheapest_to_train");
  page.table(
      {"", "size", "data", "lifetime cost"},
      {{"cheapest over its life", shown(number_in(use.at("size").at("value"))),
        shown(number_in(use.at("data").at("value"))), shown(number_in(use.at("lifetime_cost").at("value")))},
       {"cheapest to train", shown(cheap.at("size").get<double>()), shown(cheap.at("data").get<double>()),
        shown(cheap.at("lifetime_cost").get<double>())}},
      fmt::format("Both reach an error of {}; the first saves {} of the lifetime cost.",
                  shown(use.at("target_error").get<double>()), share(use.at("saved").get<double>())));
}

// Where a plan was given no two budgets to draw, those of the frontier.
std::vector<double> budgets_to_draw(const PlanConfig& config, const Json& result) {
  std::vector<double> budgets = config.budgets;
  if (budgets.size() < 2) {
    for (std::size_t i = 0; i < result.at("frontier").size(); i += 2)
      budgets.push_back(result.at("frontier")[i].at("budget").get<double>());
  }
  std::sort(budgets.begin(), budgets.end());
  return budgets;
}

// Numbers that this plan would not look at.
void refuse_without_effect(const PlanConfig& config, const Surface& surface, const std::string& place) {
  check_variables(config.at, surface, place + ":/at");
  if (!config.at.empty() && !config.target_error)
    throw UserError(place + ":/at", "has no effect without a target error", "--target-error VALUE");
  if (!config.at.empty() && config.at.size() >= surface.variables().size())
    throw UserError(place + ":/at",
                    "holds every variable of the fit: nothing is left to reach the target with",
                    "leave out the one to be found");
  if (!config.deploy_tokens && config.inference_cost != PlanConfig().inference_cost)
    throw UserError(place + ":/inference_cost", "has no effect without the tokens of its use",
                    "--deploy-tokens VALUE");
  if ((config.hour_price || config.watts) && !config.flops_per_second)
    throw UserError(place + ":/flops_per_second", "is needed to turn a cost into hours",
                    "what one accelerator reaches: 4e14");
  if (config.kwh_price && !config.watts)
    throw UserError(place + ":/kwh_price", "has no effect without the power", "--set watts=700");
  if (surface.is_joint()) return;
  if (!config.cost.empty())
    throw UserError(place + ":/cost",
                    fmt::format("has no effect: the fit knows {} alone", surface.variables().front()));
}

}  // namespace

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
  v.field("flops_per_second", flops_per_second, config::greater_than(0),
          "that one accelerator reaches: costs in hours too");
  v.field("hour_price", hour_price, config::greater_than(0),
          "money an hour of one accelerator: costs in money too");
  v.field("watts", watts, config::greater_than(0), "of one accelerator: energy in kWh too");
  v.field("kwh_price", kwh_price, config::greater_than(0), "money a kWh");
  v.field("coverage", coverage, config::between_open(0, 1), "of the intervals; null: as in the fit");
  v.field("frontier", frontier, config::between(0, 100), "points of the compute-optimal frontier");
}

void plan_command(const ReadFit& fit, const PlanConfig& config, const std::string& place, Json& result) {
  const Surface& surface = *fit.surface;
  const Cost cost = cost_of(config.cost, fit, place + ":/cost");
  refuse_without_effect(config, surface, place);
  const Planner plan{surface, config, cost, config.coverage.value_or(fit.coverage)};
  result["law"] = surface.law_name;
  result["coverage"] = plan.coverage;
  result["cost"] = surface.is_joint() ? cost.text() : surface.variables().front();
  if (config.target_error) {
    Json& target = result["target"];
    target["error"] = *config.target_error;
    target["ways"] = ways_to(plan, *config.target_error);
    if (surface.is_joint()) target["compute_optimal"] = best_split_for(plan, *config.target_error);
  }
  for (const double budget : config.budgets) result["budgets"].push_back(budget_json(plan, budget));
  if (surface.is_joint() && config.frontier > 0) result["frontier"] = frontier_json(plan);
  if (config.deploy_tokens) result["deployment"] = deployment_json(plan, *config.deploy_tokens, place);
  result["going_on"] = going_on_json(plan);
}

std::string plan_page(const ReadFit& fit, const PlanConfig& config, const Json& result) {
  Page page = start_page("Plan", result);
  const Surface& surface = *fit.surface;
  const double coverage = result.at("coverage").get<double>();
  page.paragraph(first_line(plan_answer(surface, result)));
  page.paragraph("Law: " + surface.law_name + ". Cost: " + result.at("cost").get<std::string>() + ".");
  if (result.contains("target")) add_target(page, result.at("target"));
  if (result.contains("deployment")) add_deployment(page, result.at("deployment"));
  add_going_on(page, result.at("going_on"));
  if (!surface.is_joint() || !result.contains("frontier")) {
    add_learning_curves(page, surface, coverage, {}, {});
    return page.text();
  }
  const Cost cost = cost_of(config.cost, fit);
  page.section("Best use of a budget");
  add_frontier_error(page, result, cost);
  add_isoflop_and_frontier(page, surface, cost, budgets_to_draw(config, result), coverage);
  return page.text();
}

}  // namespace frugal::fit
