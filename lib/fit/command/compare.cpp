#include "fit/command/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "fit/command/answer.h"
#include "fit/command/decision.h"
#include "fit/command/page_parts.h"
#include "fit/decide/allocation.h"
#include "fit/decide/crossing.h"
#include "fit/decide/decide.h"
#include "fit/decide/rank.h"
#include "fit/runs/roles.h"

namespace frugal::fit {
namespace {

using Json = nlohmann::ordered_json;
using base::UserError;
using report::Plot;

// Where to look for a crossing, and what is held there.
struct CompareRange {
  double low = 0, high = 0;
  RunScale held;
};

double cheapest_run(const Surface& surface, const Cost& cost) {
  double least = INFINITY;
  for (std::size_t i = 0; i < surface.measured().count(); ++i)
    least = std::min(least, run_cost(surface, &cost, surface.measured().scale(i)));
  return least;
}

CompareRange budget_range(const Surface& a, const Surface& b, const CompareConfig& config, const Cost& cost) {
  CompareRange range;
  range.low = config.low ? *config.low : std::min(cheapest_run(a, cost), cheapest_run(b, cost));
  range.high = config.high ? *config.high
                           : 1e3 * std::max(compute_spent(a, &cost).largest, compute_spent(b, &cost).largest);
  return range;
}

CompareRange variable_range(const Surface& a, const Surface& b, const CompareConfig& config,
                            const std::string& along) {
  for (const Surface* s : {&a, &b}) {
    if (!s->uses(along)) {
      throw UserError("along", fmt::format("'{}' is no variable of the law '{}'", along, s->law_name),
                      base::suggest(along, s->variables()));
    }
  }
  CompareRange range;
  range.low = config.low.value_or(std::min(a.smallest().of(along), b.smallest().of(along)));
  range.high = config.high.value_or(1e3 * std::max(a.largest().of(along), b.largest().of(along)));
  range.held = a.largest();
  for (const std::string& name : scale_names())
    range.held.of(name) = std::max(a.largest().of(name), b.largest().of(name));
  for (const auto& [name, value] : config.at) range.held.set(name, value);
  return range;
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
  const Cost cost = cost_of(config.cost, first, place + ":/cost");
  const bool joint = a.is_joint() && b.is_joint();
  const std::string along = !config.along.empty() ? config.along : joint ? "budget" : a.variables().front();
  if (along == "budget" && !config.at.empty())
    throw UserError(place + ":/at", "has no effect along the budget, which chooses size and data itself",
                    "along=size or data");
  if (config.at.count(along) > 0)
    throw UserError(place + ":/at",
                    fmt::format("has no effect on '{}', which the comparison goes along", along));
  for (const auto& [name, value] : config.at) {
    if (!a.uses(name) && !b.uses(name))
      throw UserError(place + ":/at", fmt::format("neither fit has a variable '{}'", name),
                      base::suggest(name, a.variables()));
  }
  const auto [low, high, held] =
      along == "budget" ? budget_range(a, b, config, cost) : variable_range(a, b, config, along);
  if (!(low < high)) {
    throw UserError("low", fmt::format("must be below high, got {:g} and {:g}", low, high));
  }
  const Crossing crossing = find_crossing(a, b, cost, along, held, low, high, coverage);
  result["laws"] = {a.law_name, b.law_name};
  result["coverage"] = coverage;
  result["along"] = along;
  result["range"] = {low, high};
  if (along != "budget") result["held"] = held_json(held, a, along);
  result["crosses"] = crossing.crosses;
  result["crossing"] = crossing.crosses || crossing.probability > 0 ? to_json(crossing.at) : Json();
  result["probability_of_crossing"] = crossing.probability;
  result["probability_first_better"] = {{"at_low", crossing.first_better_below},
                                        {"at_high", crossing.first_better_above}};
}

void rank_command(const std::vector<const ReadFit*>& systems, const std::vector<std::string>& names,
                  const CompareConfig& config, std::uint64_t seed, const std::string& place, Json& result) {
  const double coverage = config.coverage.value_or(systems.front()->coverage);
  const Cost cost = cost_of(config.cost, *systems.front(), place + ":/cost");
  double largest = 0;
  for (const ReadFit* one : systems)
    largest =
        std::max(largest, compute_spent(*one->surface, one->surface->is_joint() ? &cost : nullptr).largest);
  const double budget = config.high.value_or(10 * largest);
  std::vector<const Surface*> surfaces;
  std::vector<RunScale> at;
  for (std::size_t s = 0; s < systems.size(); ++s) {
    const Surface& surface = *systems[s]->surface;
    surfaces.push_back(&surface);
    if (surface.variables() != systems.front()->surface->variables())
      throw UserError("", fmt::format("'{}' has other variables than '{}'", names[s], names[0]),
                      "compare fits of the same variables");
    if (!config.at.empty()) {
      at.push_back(to_scale(config.at, surface));
    } else if (surface.is_joint()) {
      const Allocation best = optimal_allocation(surface, cost, budget, 0);
      at.push_back(split_scale(surface, best.size.value, best.data.value));
    } else {
      at.push_back(surface.largest());
      at.back().vary(surface.variables().front(), budget);
    }
  }
  const std::vector<Ranked> ranked = rank_systems(surfaces, at, coverage, seed);
  std::vector<std::size_t> order(ranked.size());
  for (std::size_t s = 0; s < order.size(); ++s) order[s] = s;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return ranked[a].mean_rank < ranked[b].mean_rank; });
  result["coverage"] = coverage;
  if (config.at.empty()) result["budget"] = budget;
  result["ranks"] = Json::array();
  for (const std::size_t s : order)
    result["ranks"].push_back({{"system", names[s]},
                               {"probability_best", ranked[s].probability_best},
                               {"mean_rank", ranked[s].mean_rank},
                               {"at", to_json(at[s], *surfaces[s])},
                               {"error", to_json(ranked[s].error)}});
}

std::string compare_page(const ReadFit& first, const ReadFit& second, const CompareConfig& config,
                         const Json& result) {
  report::Page page = start_page("Two systems compared", result);
  const double coverage = result.at("coverage").get<double>();
  const std::string along = result.at("along").get<std::string>();
  const double low = result.at("range")[0].get<double>(), high = result.at("range")[1].get<double>();
  const RunScale held = result.contains("held") ? scale_in(result.at("held")) : RunScale{};
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
  page.paragraph(first_line(compare_answer(result)));
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
