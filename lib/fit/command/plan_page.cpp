#include "fit/command/plan_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fit/command/decision.h"
#include "fit/command/page_parts.h"

namespace frugal::fit {
namespace {

using Json = nlohmann::ordered_json;
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

}  // namespace

std::string plan_page(const ReadFit& fit, const PlanConfig& config, const Json& result) {
  Page page = start_page("Plan", result);
  const Surface& surface = *fit.surface;
  const double coverage = result.at("coverage").get<double>();
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
