#include "fit/command/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fit/command/answer.h"
#include "fit/command/decision.h"
#include "fit/command/page_parts.h"

namespace frugal::fit {

using Json = nlohmann::ordered_json;

void PredictConfig::visit(config::Visitor& v) {
  v.field("coverage", coverage, config::between_open(0, 1), "of the intervals; null: as in the fit");
  v.field("far", far, config::at_least(1), "flag predictions so many times beyond the largest fitted run");
}

namespace {

// The interval of an error turned into that of the accuracy, in the user's unit.
Json metric_json(const Metric& metric, const Json& error) {
  const Estimate e = estimate_in(error);
  const auto accuracy = [&metric](double value) {
    return std::clamp(metric.of_error(value), 0.0, metric.unit);
  };
  return {{"name", metric.name},
          {"value", accuracy(e.value)},
          {"low", accuracy(e.high)},
          {"high", accuracy(e.low)}};
}

}  // namespace

void predict_command(const ReadFit& fit, const PredictConfig& config, Json& result) {
  const double coverage = config.coverage.value_or(fit.coverage);
  result["law"] = fit.surface->law_name;
  result["coverage"] = coverage;
  result["predictions"] = Json::array();
  for (const auto& at : config.at) {
    const RunScale scale = to_scale(at, *fit.surface);
    const double beyond = fit.surface->beyond(scale);
    Json one = {{"at", to_json(scale, *fit.surface)},
                {"error", to_json(fit.surface->predict(scale, coverage))},
                {"beyond", beyond}};
    if (const auto& metric = fit.surface->metric; metric && metric->rises)
      one["metric"] = metric_json(*metric, one["error"]);
    if (beyond > config.far)
      one["note"] =
          fmt::format("{:.3g} times beyond the largest fitted run: the law was never seen near here", beyond);
    result["predictions"].push_back(std::move(one));
  }
}

std::string predict_page(const ReadFit& fit, const Json& result) {
  report::Page page = start_page("Predictions", result);
  std::vector<RunScale> marks;
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : result.at("predictions")) {
    marks.push_back(scale_in(one.at("at")));
    const Estimate error = estimate_in(one.at("error"));
    rows.push_back({text_of(one.at("at")), shown(error.value), range(error),
                    shown(one.at("beyond").get<double>()), one.value("note", "")});
  }
  page.paragraph(first_line(predict_answer(*fit.surface, result)));
  page.section("What was asked for");
  page.table({"at", "error", "interval", "times beyond the largest run", ""}, rows,
             "Law: " + fit.surface->law_name);
  const double coverage = result.at("coverage").get<double>();
  add_learning_curves(page, *fit.surface, coverage, {}, marks);
  if (fit.surface->is_joint()) add_error_surface(page, *fit.surface, marks);
  return page.text();
}

}  // namespace frugal::fit
