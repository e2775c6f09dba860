// Hidden ends of runs, and hidden runs, predicted along their learning rates by the annealing law.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/stop.h"
#include "fit/command/page_parts.h"
#include "fit/command/schedule.h"
#include "fit/schedule/annealing_fit.h"
#include "fit/validate/validate.h"

namespace frugal::fit {
namespace {

using Json = nlohmann::ordered_json;

struct Stretch {
  std::string run, hidden;
  double beyond = 1;
  std::vector<Judged> rows;
  std::string refused;
};

class ScheduleCheck final : public Check {
 public:
  std::vector<Stretch> stretches;

  void add_to_result(Json& result) const override {
    result["stretches"] = Json::array();
    std::vector<Judged> all, last;
    for (const Stretch& one : stretches) {
      Json line = {{"run", one.run}, {"hidden", one.hidden}, {"checkpoints", one.rows.size()}};
      if (!one.refused.empty()) {
        line["refused"] = one.refused;
      } else {
        const Judgement judgement = judge(one.rows);
        line["beyond"] = one.beyond;
        line["log_rmse"] = judgement.log_rmse;
        line["covered"] = double(judgement.covered) / double(one.rows.size());
        line["mean_log_width"] = judgement.mean_log_width;
        line["last"] = to_json({one.rows.back()})[0];
        all.insert(all.end(), one.rows.begin(), one.rows.end());
        last.push_back(one.rows.back());
      }
      result["stretches"].push_back(std::move(line));
    }
    if (all.empty()) return;
    const Judgement every = judge(all), ends = judge(last);
    result["log_rmse"] = every.log_rmse;
    result["covered"] = double(every.covered) / double(all.size());
    result["last_log_rmse"] = ends.log_rmse;
    result["last_covered"] = double(ends.covered) / double(last.size());
  }

  void add_to_page(report::Page& page, double coverage) const override {
    std::vector<std::vector<std::string>> rows;
    std::vector<Judged> all;
    for (const Stretch& one : stretches) {
      if (!one.refused.empty()) {
        rows.push_back({one.run, one.hidden, std::to_string(one.rows.size()), "", "", "", one.refused});
        continue;
      }
      const Judgement judgement = judge(one.rows);
      const Judged& last = one.rows.back();
      rows.push_back({one.run, one.hidden, std::to_string(one.rows.size()), shown(judgement.log_rmse),
                      share(double(judgement.covered) / double(one.rows.size())), shown(last.measured),
                      shown(last.predicted.value) + " [" + range(last.predicted) + "]"});
      all.insert(all.end(), one.rows.begin(), one.rows.end());
    }
    page.section("Along schedules");
    page.table(
        {"run", "hidden", "checkpoints", "RMSE of ln loss", "covered", "last measured", "last predicted"},
        rows,
        "Each is predicted from the other runs, or, the end of a run, from what comes before and from the "
        "others up to there.");
    if (!all.empty()) add_predicted_against_measured(page, all, coverage, "One point a hidden checkpoint.");
  }
};

// Predicts a run's checkpoints from the first-th on.
void judge_run(Stretch& out, const std::vector<TrainingCurve>& fitted, const TrainingCurve& run,
               std::size_t first, const ValidateInput& input) {
  const std::vector<double> steps(run.steps.begin() + std::ptrdiff_t(first), run.steps.end());
  for (std::size_t i = first; i < run.loss.size(); ++i) out.rows.push_back({run.loss[i], {}});
  try {
    const AnnealingFit fit = fit_annealing(fitted, {static_cast<int>(input.config.fit.draws), input.seed});
    const std::vector<Estimate> estimates = predict(fit, run.rates, steps, input.config.fit.coverage);
    out.beyond = run.rates.areas({&steps.back(), 1}).front() / fit.largest;
    for (std::size_t i = 0; i < estimates.size(); ++i) out.rows[i].predicted = estimates[i];
  } catch (const base::UserError& error) {
    out.refused = error.message();
  }
}

// How many checkpoints of a run come before two thirds of its summed rates.
std::size_t count_before_end(const TrainingCurve& run) {
  const std::vector<double> area = run.rates.areas(run.steps);
  return std::size_t(std::upper_bound(area.begin(), area.end(), area.back() * 2 / 3) - area.begin());
}

std::size_t warmup_count(const TrainingCurve& run) {
  return std::size_t(std::upper_bound(run.steps.begin(), run.steps.end(), run.rates.warmup_end()) -
                     run.steps.begin());
}

}  // namespace

std::unique_ptr<Check> validate_schedule(const ValidateInput& input) {
  const FitConfig& config = input.config.fit;
  check_schedule_config(config, input.place);
  if (config.data.empty())
    throw base::UserError("", "no data", "give CSV or JSONL files of checkpoints, or - for standard input");
  const std::vector<TrainingCurve> curves =
      read_training_curves(read_tables(config.data), config.measurements, config.schedule, input.place)
          .curves;
  auto check = std::make_unique<ScheduleCheck>();
  std::vector<TrainingCurve> begun = curves;
  for (TrainingCurve& one : begun) {
    const std::size_t kept = count_before_end(one);
    one.steps.resize(kept);
    one.loss.resize(kept);
  }
  std::erase_if(begun, [](const TrainingCurve& one) { return one.steps.empty(); });
  for (const TrainingCurve& run : curves) {
    base::stop_if_requested();
    Stretch& end = check->stretches.emplace_back();
    end.run = run.name, end.hidden = "end";
    judge_run(end, begun, run, std::max(count_before_end(run), warmup_count(run)), input);
    if (curves.size() < 2) continue;
    Stretch& whole = check->stretches.emplace_back();
    whole.run = run.name, whole.hidden = "run";
    std::vector<TrainingCurve> others;
    for (const TrainingCurve& one : curves)
      if (&one != &run) others.push_back(one);
    judge_run(whole, others, run, std::max(warmup_count(run), run.steps.size() / 4), input);
  }
  std::erase_if(check->stretches, [](const Stretch& one) { return one.rows.empty(); });
  return check;
}

}  // namespace frugal::fit
