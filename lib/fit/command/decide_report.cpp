#include "fit/command/decide_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "fit/command/report_parts.h"

namespace frugal::fit {
namespace {

using Json = nlohmann::ordered_json;
using report::Page;
using report::Plot;

// A value without end is printed as null.
double number_in(const Json& json) { return json.is_number() ? json.get<double>() : INFINITY; }
Estimate estimate_in(const Json& json) {
  return {number_in(json.at("value")), number_in(json.at("low")), number_in(json.at("high"))};
}

std::string text_of(const Json& scale) {
  std::string out;
  for (const auto& [name, value] : scale.items())
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, shown(number_in(value)));
  return out;
}

Page start_page(const char* title, const Json& result) {
  return Page(title, fmt::format("scalefit {}, {}% intervals", FRUGAL_VERSION,
                                 shown(100 * result.at("coverage").get<double>())));
}

Cost cost_of(const std::string& configured, const ReadFit& fit) {
  return Cost(configured.empty() ? fit.cost : configured);
}

bool is_joint(const Surface& surface) { return surface.uses("size") && surface.uses("data"); }

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

// The least error that each cost buys, or the error along one variable.
EstimateSeries along_curve(const ReadFit& fit, const Cost& cost, const std::string& along,
                           const RunScale& held, const std::vector<double>& x, double coverage) {
  EstimateSeries out;
  for (const double value : x) {
    if (along == "budget") {
      out.add(value, optimal_allocation(*fit.surface, cost, value, coverage).error);
    } else {
      RunScale at = held;
      at.vary(along, value);
      out.add(value, fit.surface->predict(at, coverage));
    }
  }
  return out;
}

}  // namespace

std::string predict_page(const ReadFit& fit, const PredictConfig&, const Json& result) {
  Page page = start_page("Predictions", result);
  std::vector<RunScale> marks;
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : result.at("predictions")) {
    RunScale& mark = marks.emplace_back();
    for (const auto& [name, value] : one.at("at").items()) mark.of(name) = value.get<double>();
    const Estimate error = estimate_in(one.at("error"));
    rows.push_back({text_of(one.at("at")), shown(error.value), range(error),
                    shown(one.at("beyond").get<double>()), one.value("note", "")});
  }
  page.section("What was asked for");
  page.table({"at", "error", "interval", "times beyond the largest run", ""}, rows,
             "Law: " + fit.surface->law_name);
  const double coverage = result.at("coverage").get<double>();
  add_learning_curves(page, *fit.surface, coverage, {}, marks);
  if (is_joint(*fit.surface)) add_error_surface(page, *fit.surface, marks);
  return page.text();
}

std::string plan_page(const ReadFit& fit, const PlanConfig& config, const Json& result) {
  Page page = start_page("Plan", result);
  const Surface& surface = *fit.surface;
  const double coverage = result.at("coverage").get<double>();
  page.paragraph("Law: " + surface.law_name + ". Cost: " + result.at("cost").get<std::string>() + ".");
  if (result.contains("target")) add_target(page, result.at("target"));
  if (result.contains("deployment")) add_deployment(page, result.at("deployment"));
  add_going_on(page, result.at("going_on"));
  if (!is_joint(surface) || !result.contains("frontier")) {
    add_learning_curves(page, surface, coverage, {}, {});
    return page.text();
  }
  const Cost cost = cost_of(config.cost, fit);
  page.section("Best use of a budget");
  add_frontier_error(page, result, cost);
  add_isoflop_and_frontier(page, surface, cost, budgets_to_draw(config, result), coverage);
  return page.text();
}

std::string compare_page(const ReadFit& first, const ReadFit& second, const CompareConfig& config,
                         const Json& result) {
  Page page = start_page("Two systems compared", result);
  const double coverage = result.at("coverage").get<double>();
  const std::string along = result.at("along").get<std::string>();
  const double low = result.at("range")[0].get<double>(), high = result.at("range")[1].get<double>();
  RunScale held;
  if (result.contains("held")) {
    for (const auto& [name, value] : result.at("held").items()) held.of(name) = value.get<double>();
  }
  const Cost cost = cost_of(config.cost, first);
  Plot plot(along == "budget" ? "Least error for a training cost" : "Error along " + along,
            along == "budget" ? cost_axis("training cost", cost) : axis_of(along), error_axis());
  const std::vector<double> x = log_steps(low, high, 25);
  along_curve(first, cost, along, held, x, coverage)
      .draw_line(plot, "A: " + first.surface->law_name, Plot::color(0), true);
  along_curve(second, cost, along, held, x, coverage)
      .draw_line(plot, "B: " + second.surface->law_name, Plot::color(1), true);
  const Json& crossing = result.at("crossing");
  if (!crossing.is_null() && std::isfinite(number_in(crossing.at("value"))))
    plot.vertical("crossing", number_in(crossing.at("value")), "#444444");
  page.section("Where they cross");
  const double at_low = number_in(result.at("probability_first_better").at("at_low")),
               at_high = number_in(result.at("probability_first_better").at("at_high"));
  page.paragraph(
      result.at("crosses").get<bool>()
          ? fmt::format(
                "They cross at {} = {} ({}). The probability that they cross between {} and {} is {}.", along,
                shown(number_in(crossing.at("value"))), range(estimate_in(crossing)), shown(low), shown(high),
                share(result.at("probability_of_crossing").get<double>()))
          : fmt::format("They do not cross between {} and {}; the probability that they do is {}.",
                        shown(low), shown(high), share(result.at("probability_of_crossing").get<double>())));
  page.paragraph(
      fmt::format("The probability that A is the better one is {} at the low end and {} at the high end.",
                  share(at_low), share(at_high)));
  page.figure(plot.svg(), fmt::format("Bands are {} prediction intervals.", share(coverage)));
  return page.text();
}

}  // namespace frugal::fit
