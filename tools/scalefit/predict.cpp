// scalefit predict
#include "fit/command/predict.h"
#include "base/given_path.h"
#include "fit/command/decision.h"
#include "fit/command/schedule.h"
#include "scalefit/commands.h"

namespace frugal::scalefit {
namespace {

struct PredictCommand {
  cli::CommonFlags flags;
  Answer answer;
  std::string fit_path, group, from, html;
  std::vector<std::string> at, schedules;

  // Of a fit along schedules.
  void run_schedules(const FitFile& file, const fit::PredictConfig& config, nlohmann::ordered_json& result,
                     const report::RunClock& clock) const {
    if (!at.empty() || !group.empty())
      throw base::UserError(at.empty() ? "--group" : "--at",
                            "has no effect on a fit along learning-rate schedules",
                            "--schedule cosine:peak=3e-4,warmup=500,steps=20000");
    const fit::ScheduleFit fitted = fit::read_schedule_fit(file.json, file.origin);
    std::vector<fit::AskedSchedule> asked;
    for (const std::string& one : schedules) asked.push_back(fit::asked_schedule(one, fitted.fit));
    if (!from.empty()) asked.push_back(fit::schedule_of_file(from));
    fit::predict_schedules(fitted, asked, config, result);
    result["run"] = clock.describe(1);
    if (!html.empty())
      base::write_text(base::given_path(html), fit::schedule_predict_page(fitted, asked, result));
    answer.write(flags, result, [&] { return fit::schedule_predict_answer(fitted, result); });
  }

  void run() {
    const report::RunClock clock;
    auto [config, effective, origin] = cli::load_config<fit::PredictConfig>(flags);
    for (const std::string& one : at) config.at.push_back(fit::parse_scale(one));
    if (config.at.empty() && schedules.empty() && from.empty())
      throw base::UserError(
          "", "nothing to predict",
          "give --at size=1e9,data=2e10 or --from FILE; of a fit along schedules --schedule");
    auto result =
        report::start_result({"frugal.scalefit.predict/1", "scalefit predict", flags.seed}, effective.json());
    const FitFile file(fit_path);
    if (fit::is_schedule_fit(file.json)) return run_schedules(file, config, result, clock);
    if (!schedules.empty())
      throw base::UserError("--schedule", "has an effect on fits of the annealing law alone",
                            "scalefit fit checkpoints.csv --set law=annealing");
    const fit::ReadFit fitted = read_fit_file(file, group);
    if (!from.empty()) {
      for (auto& one : fit::read_scales(from, *fitted.surface)) config.at.push_back(std::move(one));
    }
    fit::predict_command(fitted, config, result);
    result["run"] = clock.describe(1);
    if (!html.empty()) base::write_text(base::given_path(html), fit::predict_page(fitted, result));
    answer.write(flags, result, [&] { return fit::predict_answer(*fitted.surface, result); });
  }
};

}  // namespace

void add_predict(CLI::App& app) {
  auto command = std::make_shared<PredictCommand>();
  CLI::App* sub = app.add_subcommand("predict", "Error of runs that were not made, with an interval");
  sub->add_option("FIT", command->fit_path, "What `scalefit fit` printed; - is standard input")->required();
  sub->add_option("--at", command->at, "Scale to predict: size=1e9,data=2e10 (repeatable)")
      ->allow_extra_args(false);
  sub->add_option("--schedule", command->schedules,
                  "Of law=annealing, a schedule to predict (repeatable): constant, cosine, linear or wsd as\n"
                  "cosine:peak=3e-4,warmup=500,steps=20000,final=3e-5; a run that goes on as\n"
                  "continue:run=a,steps=500,final=0")
      ->allow_extra_args(false);
  sub->add_option("--from", command->from,
                  "CSV or JSONL file of scales to predict, or of steps and learning rates");
  sub->add_option("--group", command->group, "Which fit, where the file holds several");
  add_html_option(*sub, command->html);
  command->answer.add_option(*sub);
  cli::add_flags<fit::PredictConfig>(*sub, command->flags, {.seed = false},
                                     "Result (JSON); - is standard output");
  sub->footer(
      "Examples:\n  scalefit predict fit.json --at size=1e9,data=2e10\n"
      "  scalefit fit runs.csv | scalefit predict - --from larger.csv\n"
      "  scalefit predict schedule.json --schedule cosine:peak=3e-4,warmup=500,steps=40000");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::scalefit
