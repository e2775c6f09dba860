#include "grow/compare_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "report/html.h"
#include "report/svg.h"

namespace frugal::grow {
namespace {

using Ordered = nlohmann::ordered_json;

Ordered json_of(const Mean& mean) {
  if (mean.count == 0) return nullptr;
  return {{"mean", mean.mean}, {"low", mean.low}, {"high", mean.high}, {"runs", mean.count}};
}

const MethodRuns* scratch_of(const std::vector<MethodRuns>& methods) {
  for (const MethodRuns& method : methods) {
    if (method.name == "scratch") return &method;
  }
  return nullptr;
}

// Share of scratch's compute that is saved to reach a loss; `loss` null: each seed's own final loss of
// scratch.
Ordered savings_to(const MethodRuns& method, const MethodRuns& scratch, const double* loss) {
  std::vector<double> without, with, steps;
  for (const MethodRun& run : method.runs) {
    for (const MethodRun& base : scratch.runs) {
      if (base.seed != run.seed) continue;
      const double wanted = loss != nullptr ? *loss : base.curve.loss.back();
      const auto spent = compute_to(run.curve, wanted), of_scratch = compute_to(base.curve, wanted);
      if (!spent) continue;
      steps.push_back(*spent / run.step_compute);
      if (!of_scratch) continue;
      without.push_back(1 - *spent / *of_scratch);
      with.push_back(1 - (*spent + run.source_compute) / *of_scratch);
    }
  }
  Ordered result{{"loss", loss != nullptr ? Ordered(*loss) : Ordered("scratch's final")},
                 {"reached", steps.size()},
                 {"of", method.runs.size()}};
  result["steps"] = json_of(mean_of(steps));
  result["saved"] = json_of(mean_of(without));
  result["saved_with_source"] = json_of(mean_of(with));
  return result;
}

std::string shown(const Ordered& mean, double factor, const char* unit) {
  if (mean.is_null()) return "not reached";
  const double value = mean["mean"].get<double>() * factor;
  const double half = (mean["high"].get<double>() - mean["mean"].get<double>()) * factor;
  if (mean["runs"].get<int>() < 2) return fmt::format("{:.4g}{}", value, unit);
  return fmt::format("{:.4g} ± {:.2g}{}", value, half, unit);
}

}  // namespace

Ordered summarise(const std::vector<MethodRuns>& methods, const std::vector<double>& losses) {
  const MethodRuns* scratch = scratch_of(methods);
  Ordered all = Ordered::array();
  for (const MethodRuns& method : methods) {
    std::vector<double> starts, ends, costs;
    std::map<std::string, std::vector<double>> metrics;
    for (const MethodRun& run : method.runs) {
      starts.push_back(run.curve.loss.front());
      ends.push_back(run.curve.loss.back());
      costs.push_back(run.operator_compute / run.step_compute);
      for (const auto& [name, value] : run.final_metrics) metrics[name].push_back(value);
    }
    Ordered entry{{"name", method.name}};
    entry["start"] = json_of(mean_of(starts));
    entry["end"] = json_of(mean_of(ends));
    for (const auto& [name, values] : metrics) {
      if (name != "loss") entry[name] = json_of(mean_of(values));
    }
    entry["operator_steps"] = json_of(mean_of(costs));
    entry["savings"] = Ordered::array();
    if (scratch != nullptr) {
      entry["savings"].push_back(savings_to(method, *scratch, nullptr));
      for (const double loss : losses) entry["savings"].push_back(savings_to(method, *scratch, &loss));
    }
    all.push_back(std::move(entry));
  }
  return all;
}

void write_compare_report(const std::string& path, const std::vector<MethodRuns>& methods,
                          const Ordered& summary) {
  report::Page page("Growth methods at equal compute",
                    "Compute counts an operator's own learning; the small model's is shown apart.");
  report::Plot plot("Loss against compute", {"FLOPs", false, {}, {}}, {"validation loss", false, {}, {}});
  for (std::size_t i = 0; i < methods.size(); ++i) {
    bool named = false;
    for (const MethodRun& run : methods[i].runs) {
      plot.line(named ? "" : methods[i].name, run.curve.compute, run.curve.loss, report::Plot::color(i),
                named);
      named = true;
    }
  }
  page.section("Curves").figure(plot.svg(), "One line a seed; the first is drawn solid.");
  std::vector<std::vector<std::string>> rows, savings;
  for (const Ordered& method : summary) {
    const std::string name = method["name"];
    const auto error = [&](const char* key) {
      return method.contains(key) ? shown(method[key], 100, " %") : std::string();
    };
    rows.push_back({name, shown(method["start"], 1, ""), shown(method["end"], 1, ""), error("error"),
                    error("knn_error"), shown(method["operator_steps"], 1, "")});
    for (const Ordered& saving : method["savings"]) {
      const Ordered& loss = saving["loss"];
      savings.push_back(
          {name, loss.is_string() ? loss.get<std::string>() : fmt::format("{:.4g}", loss.get<double>()),
           fmt::format("{} of {}", saving["reached"].dump(), saving["of"].dump()),
           shown(saving["steps"], 1, ""), shown(saving["saved"], 100, " %"),
           shown(saving["saved_with_source"], 100, " %")});
    }
  }
  page.section("Losses").table({"method", "at the start", "at the end", "error", "neighbours' error",
                                "operator's cost in target steps"},
                               rows, "Means over seeds with 95 % intervals.");
  page.section("Savings against scratch")
      .table(
          {"method", "to the loss", "reached", "target steps to it", "FLOPs saved", "with the small model's"},
          savings, "Target steps count the operator's cost.");
  base::write_text(path, page.text());
}

}  // namespace frugal::grow
