// The pages of fits and predictions along schedules.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "fit/command/answer.h"
#include "fit/command/citations.h"
#include "fit/command/decision.h"
#include "fit/command/page_parts.h"
#include "fit/command/schedule.h"

namespace frugal::fit {
namespace {

using Json = nlohmann::ordered_json;
using report::Page;
using report::Plot;

constexpr std::size_t most_drawn = 8;

// Steps of a curve: from the warm-up's end to its last, closer where it bends first.
std::vector<double> drawn_steps(const Rates& rates) {
  std::vector<double> steps;
  const double begin = std::max(1.0, rates.warmup_end()), end = rates.end();
  for (int i = 0; i <= 120; ++i) {
    const double t = i / 120.0;
    steps.push_back(begin + (end - begin) * (0.3 * t * t * t + 0.7 * t));
  }
  return steps;
}

void draw_prediction(Plot& plot, const AnnealingFit& fit, const AskedSchedule& asked, double coverage,
                     const std::string& color) {
  const std::vector<double> steps = drawn_steps(asked.rates);
  const std::vector<Estimate> estimates = predict(fit, asked.rates, steps, coverage);
  EstimateSeries line;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    // The first steps, where the law soars, would push all else to the bottom.
    if (asked.rates.areas({&steps[i], 1}).front() >= std::max(fit.from, 0.02 * fit.largest))
      line.add(steps[i], estimates[i]);
  }
  line.draw_line(plot, asked.text, color, true);
}

void add_curves(Page& page, const ScheduleFit& given, const std::vector<AskedSchedule>& asked,
                double coverage) {
  const AnnealingFit& fit = given.fit;
  Plot plot("Loss along the runs", {"step", false, 0.0, {}}, {given.loss, false, {}, {}});
  Plot rates("Learning rates", {"step", false, 0.0, {}}, {"learning rate", false, 0.0, {}});
  std::size_t color = 0;
  const auto draw_rates = [&](const Rates& of, const std::string& name) {
    std::vector<double> x, y;
    for (const Knot& knot : of.knots()) {
      x.push_back(knot.step);
      y.push_back(knot.rate);
    }
    rates.line(name, std::move(x), std::move(y), Plot::color(color));
  };
  for (const SchedulePoints& run : fit.runs) {
    if (color == most_drawn) break;
    std::vector<double> x, y, line;
    const std::vector<double> annealed = run.rates.annealed(run.steps, fit.law.memory);
    for (std::size_t i = 0; i < run.count(); ++i) {
      if (run.area[i] < std::max(fit.from, 0.02 * fit.largest)) continue;
      x.push_back(run.steps[i]);
      y.push_back(std::exp(run.log_loss[i]));
      line.push_back(fit.law.loss(run.area[i], annealed[i]));
    }
    plot.points(run.name, x, std::move(y), Plot::color(color));
    plot.line("", std::move(x), std::move(line), Plot::color(color));
    draw_rates(run.rates, run.name);
    ++color;
  }
  for (const AskedSchedule& one : asked) {
    draw_prediction(plot, fit, one, coverage, Plot::color(color));
    draw_rates(one.rates, one.text);
    ++color;
  }
  page.figure(
      plot.svg(760, 460),
      "Points are checkpoints, lines the law." +
          (asked.empty() ? std::string()
                         : fmt::format(" A band is the {} interval of a checkpoint.", share(coverage))));
  page.figure(rates.svg(760, 300));
  if (fit.runs.size() > most_drawn)
    page.paragraph(fmt::format("{} of {} runs are drawn.", most_drawn, fit.runs.size()));
}

}  // namespace

std::string schedule_fit_page(const ScheduleFit& given, std::uint64_t seed) {
  const AnnealingFit& fit = given.fit;
  Page page("Fit along schedules", fmt::format("scalefit {}, seed {}", FRUGAL_VERSION, seed));
  page.paragraph(first_line(schedule_fit_answer(given)));
  page.section("Data").list(given.notes);
  page.section("Fit");
  if (!fit.notes.empty()) page.paragraph("What this fit cannot say:").list(fit.notes);
  page.paragraph(
      fmt::format("{}: S1 is the sum of the learning rates, S2 what came down of them, with momentum.",
                  annealing_formula));
  Json result;
  add_to_result(given, result);
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : result.at("fits")[0].at("parameters")) {
    const bool known = one.contains("low");
    rows.push_back(
        {fmt::format("{} ({})", one.at("name").get<std::string>(), one.at("meaning").get<std::string>()),
         one.at("value").is_null() ? "—" : shown(number_in(one.at("value"))),
         known ? range(estimate_in(one)) : "not identified"});
  }
  page.table({"parameter", "value", share(given.coverage) + " interval"}, rows,
             fmt::format("Refits to residuals resampled in blocks of {} checkpoints.", fit.block));
  add_curves(page, given, {}, given.coverage);
  rows.clear();
  for (const HiddenStretch& one : fit.hidden)
    rows.push_back({one.run, one.whole ? "the run" : "its end", std::to_string(one.steps.size()),
                    shown(one.beyond), fmt::format("{:+.2f} %", 100 * std::expm1(one.log_miss))});
  if (!rows.empty())
    page.table({"run", "hidden", "checkpoints", "times beyond in S1", "predicted − measured"}, rows,
               "What was hidden, predicted from everything else; intervals are as wide as this asks for.");
  page.paragraph("The law is that of:").list(citations_of({annealing_law}));
  return page.text();
}

std::string schedule_predict_page(const ScheduleFit& given, const std::vector<AskedSchedule>& asked,
                                  const Json& result) {
  Page page = start_page("Predictions along schedules", result);
  page.paragraph(first_line(schedule_predict_answer(given, result)));
  std::vector<std::vector<std::string>> rows;
  for (const Json& one : result.at("predictions")) {
    const Estimate error = estimate_in(one.at("error"));
    rows.push_back({one.at("schedule").get<std::string>(), people(one.at("steps").get<double>()),
                    shown(error.value), range(error), shown(one.at("beyond").get<double>()),
                    one.value("note", "")});
  }
  page.section("What was asked for");
  page.table({"schedule", "steps", given.loss, "interval", "times beyond in S1", ""}, rows, "Law: annealing");
  add_curves(page, given, asked, result.at("coverage").get<double>());
  return page.text();
}

}  // namespace frugal::fit
