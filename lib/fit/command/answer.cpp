#include "fit/command/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "fit/command/decision.h"
#include "fit/command/page_parts.h"
#include "fit/decide/decide.h"
#include "fit/runs/column_name.h"

namespace frugal::fit {
namespace {

using Json = nlohmann::ordered_json;

std::string per_cent(double share) { return fmt::format("{:.3g} %", 100 * share); }

std::string at_text(const Json& scale) {
  std::string out;
  for (const auto& [name, value] : scale.items())
    out += (out.empty() ? "" : ", ") + name + " " + people(number_in(value));
  return out;
}

// How the user writes what is predicted: an accuracy, an error in per cent, a loss as a number.
class Measure {
 public:
  explicit Measure(const Surface& fit) {
    if (fit.metric) metric_ = *fit.metric;
    if (metric_.name.empty()) metric_.name = "error";
    const ColumnName name = read_column_name(metric_.name);
    percent_ = metric_.rises ? metric_.unit == 100 : name.has("error") || name.has("err");
  }
  const std::string& name() const { return metric_.name; }
  std::string value(double error) const {
    const double shown = metric_.rises ? std::clamp(1 - error, 0.0, 1.0) : error;
    return percent_ && shown <= 1 ? per_cent(shown) : fmt::format("{:.4g}", shown);
  }
  std::string interval(const Estimate& e) const {
    const double low = metric_.rises ? e.high : e.low, high = metric_.rises ? e.low : e.high;
    return fmt::format("{} [{}, {}]", value(e.value), value(low),
                       std::isfinite(high) ? value(high) : "no end");
  }

 private:
  Metric metric_;
  bool percent_ = false;
};

std::string estimate_text(const Json& json) {
  const Estimate e = estimate_in(json);
  return fmt::format("{} [{}, {}]", people(e.value), people(e.low),
                     std::isfinite(e.high) ? people(e.high) : "no end");
}

// Yes where it is likely, no where it is unlikely.
std::string verdict(double probability) {
  return probability >= 0.8   ? "Worth going on: yes"
         : probability <= 0.2 ? "Worth going on: no"
                              : "Worth going on: uncertain";
}

std::string going_on_text(const Measure& measure, double factor, double now, const Json& next,
                          const Estimate& error, double required, double probability) {
  return fmt::format(
      "{}. {} times the cost of the best run ({} {}), spent best ({}), gives {} {}; an improvement of {} or "
      "more has "
      "a probability of {}.\n",
      verdict(probability), people(factor), measure.name(), measure.value(now), at_text(next), measure.name(),
      measure.interval(error), per_cent(required), per_cent(probability));
}

std::string weights_text(const SeriesFit& series) {
  if (series.curve || series.surface->components().size() < 2) return "";
  std::string out;
  for (const SurfaceComponent& one : series.surface->components())
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", one.label, per_cent(one.weight));
  return " (" + out + ")";
}

}  // namespace

std::string people(double value) {
  if (!std::isfinite(value)) return "never";
  const double size = std::fabs(value);
  constexpr std::pair<double, const char*> units[] = {{1e12, " T"}, {1e9, " B"}, {1e6, " M"}, {1e4, " k"}};
  if (size < 1e15) {
    for (const auto& [unit, letter] : units) {
      if (size >= 0.9995 * unit)
        return fmt::format("{:.3g}{}", value / unit * (unit == 1e4 ? 10 : 1), letter);
    }
  }
  return fmt::format("{:.4g}", value);
}

std::string first_line(const std::string& answer) { return answer.substr(0, answer.find('\n')); }

std::string fit_answer(const FitOutcome& outcome, const FitConfig& config) {
  std::string out;
  for (const SeriesFit& series : outcome.series) {
    const Surface& surface = *series.surface;
    const Measure measure(surface);
    if (outcome.series.size() > 1) out += series.group + ": ";
    const Cost cost(config.cost);
    const GoingOn on =
        worth_going_on(surface, surface.is_joint() ? &cost : nullptr, 10, 0.02, config.coverage);
    out += going_on_text(measure, on.factor, on.error_now, to_json(on.next, surface), on.error_next,
                         on.required, on.probability);
    if (outcome.series.size() > 8) continue;
    out += fmt::format("  {} runs fitted: {}{}; largest {}\n", series.runs.count(), surface.law_name,
                       weights_text(series), at_text(to_json(surface.largest(), surface)));
    for (const std::string& note : series.notes) out += "  - " + note + "\n";
  }
  for (const std::string& note : outcome.notes) out += "- " + note + "\n";
  return out +
         "--json, a pipe or --out gives the whole fit, which predict, plan and compare read; --html a "
         "page.\n";
}

std::string predict_answer(const Surface& fit, const Json& result) {
  const Measure measure(fit);
  std::string out;
  for (const Json& one : result.at("predictions")) {
    out += fmt::format("{}: {} {}", at_text(one.at("at")), measure.name(),
                       measure.interval(estimate_in(one.at("error"))));
    const double beyond = one.at("beyond").get<double>();
    if (beyond > 1) out += fmt::format(", {} times beyond the largest fitted run", people(beyond));
    out += one.contains("note") ? " (far: the law was never seen near here)\n" : "\n";
  }
  return out +
         fmt::format("{} intervals; law: {}\n", per_cent(result.at("coverage").get<double>()), fit.law_name);
}

std::string plan_answer(const Surface& fit, const Json& result) {
  const Measure measure(fit);
  const Json& on = result.at("going_on");
  std::string out = going_on_text(measure, on.at("factor").get<double>(), on.at("error_now").get<double>(),
                                  on.at("next"), estimate_in(on.at("error_next")),
                                  on.at("required").get<double>(), on.at("probability").get<double>());
  if (result.contains("target")) {
    const Json& target = result.at("target");
    out += fmt::format("To reach {} {}:\n", measure.name(), measure.value(target.at("error").get<double>()));
    const auto way = [&](const std::string& name, const Json& one, const Json& needed) {
      out += one.at("reachable").get<bool>() ? fmt::format("  {}: {}", name, estimate_text(needed))
                                             : fmt::format("  {}: not reached, the floor is {}", name,
                                                           measure.interval(estimate_in(one.at("floor"))));
      out += fmt::format(" (probability {})\n", per_cent(one.at("probability_reachable").get<double>()));
    };
    for (const Json& one : target.at("ways")) {
      const std::string held = at_text(one.at("held"));
      way(one.at("variable").get<std::string>() + (held.empty() ? "" : " at " + held), one, one.at("needed"));
    }
    if (target.contains("compute_optimal")) {
      const Json& best = target.at("compute_optimal");
      way("cost, best split", best, best.at("budget"));
    }
  }
  for (const Json& one : result.value("budgets", Json::array())) {
    out += fmt::format("Cost {}: size {}, data {}: {} {}{}\n", people(one.at("budget").get<double>()),
                       estimate_text(one.at("size")), estimate_text(one.at("data")), measure.name(),
                       measure.interval(estimate_in(one.at("error"))),
                       one.contains("note") ? " (" + one.at("note").get<std::string>() + ")" : "");
  }
  if (result.contains("deployment") && result.at("deployment").at("reachable").get<bool>()) {
    const Json& use = result.at("deployment");
    out += fmt::format("Cheapest over {} tokens of use: size {}, data {}; saves {} of the lifetime cost\n",
                       people(use.at("tokens").get<double>()), estimate_text(use.at("size")),
                       estimate_text(use.at("data")), per_cent(use.at("saved").get<double>()));
  }
  return out;
}

std::string compare_answer(const Json& result) {
  if (result.contains("ranks")) {
    std::string out;
    for (const Json& one : result.at("ranks"))
      out += fmt::format(
          "{}: best with a probability of {}, mean rank {:.3g}, error {} at {}\n",
          one.at("system").get<std::string>(), per_cent(one.at("probability_best").get<double>()),
          one.at("mean_rank").get<double>(), estimate_text(one.at("error")), at_text(one.at("at")));
    return out;
  }
  const std::string along = result.at("along").get<std::string>();
  const double low = result.at("range")[0].get<double>(), high = result.at("range")[1].get<double>();
  const Json& first = result.at("probability_first_better");
  std::string out =
      result.at("crosses").get<bool>()
          ? fmt::format("They cross at {} {}", along, estimate_text(result.at("crossing")))
          : fmt::format("They do not cross between {} {} and {}", along, people(low), people(high));
  return out + fmt::format(
                   " (probability of a crossing {}). The first is better with a probability of {} at {} and "
                   "of {} at {}.\n",
                   per_cent(result.at("probability_of_crossing").get<double>()),
                   per_cent(number_in(first.at("at_low"))), people(low),
                   per_cent(number_in(first.at("at_high"))), people(high));
}

std::string design_answer(const std::vector<DesignedRun>& runs) {
  double cost = 0;
  std::string lines;
  for (const DesignedRun& run : runs) {
    cost += run.cost;
    lines += "  " + run.id;
    for (const auto& [name, value] : run.values) lines += " " + name + "=" + people(value);
    lines += run.cost > 0 ? "  cost " + people(run.cost) + "\n" : "\n";
  }
  return fmt::format("{} runs to make{}\n", runs.size(),
                     cost > 0 ? ", cost " + people(cost) + " in all" : "") +
         lines;
}

std::string plain_answer(const Json& result) {
  std::string out;
  const auto add = [&out](const auto& self, const std::string& name, const Json& value, int depth) -> void {
    if (value.is_object()) {
      out += fmt::format("{:{}}{}:\n", "", 2 * depth, name);
      for (const auto& [key, one] : value.items()) self(self, key, one, depth + 1);
    } else if (value.is_number()) {
      out += fmt::format("{:{}}{}: {}\n", "", 2 * depth, name, people(value.get<double>()));
    } else if (value.is_array() && !value.empty() && value.front().is_string() && value.size() <= 12) {
      for (const Json& one : value) out += fmt::format("{:{}}- {}\n", "", 2 * depth, one.get<std::string>());
    } else if (value.is_array()) {
      out += fmt::format("{:{}}{}: {}\n", "", 2 * depth, name, value.size());
    } else if (value.is_string() || value.is_boolean()) {
      out += fmt::format("{:{}}{}: {}\n", "", 2 * depth, name,
                         value.is_string() ? value.get<std::string>() : value.dump());
    }
  };
  for (const auto& [key, value] : result.items()) {
    static const std::vector<std::string> hidden = {"schema", "version", "config", "run",
                                                    "seed",   "command", "tool"};
    if (std::find(hidden.begin(), hidden.end(), key) == hidden.end()) add(add, key, value, 0);
  }
  return out;
}

}  // namespace frugal::fit
