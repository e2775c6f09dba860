// scalefit predict
#include "fit/command/predict.h"
#include "base/given_path.h"
#include "fit/command/decision.h"
#include "scalefit/commands.h"

namespace frugal::scalefit {
namespace {

struct PredictCommand {
  cli::CommonFlags flags;
  Answer answer;
  std::string fit_path, group, from, html;
  std::vector<std::string> at;

  void run() {
    const report::RunClock clock;
    auto [config, effective, origin] = cli::load_config<fit::PredictConfig>(flags);
    for (const std::string& one : at) config.at.push_back(fit::parse_scale(one));
    if (config.at.empty() && from.empty())
      throw base::UserError("", "nothing to predict", "give --at size=1e9,data=2e10 or --from FILE");
    auto result =
        report::start_result({"frugal.scalefit.predict/1", "scalefit predict", flags.seed}, effective.json());
    const fit::ReadFit fitted = read_fit_file(fit_path, group);
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
  sub->add_option("--from", command->from, "CSV or JSONL file of scales to predict");
  sub->add_option("--group", command->group, "Which fit, where the file holds several");
  add_html_option(*sub, command->html);
  command->answer.add_option(*sub);
  cli::add_flags<fit::PredictConfig>(*sub, command->flags, {.seed = false},
                                     "Result (JSON); - is standard output");
  sub->footer(
      "Examples:\n  scalefit predict fit.json --at size=1e9,data=2e10\n"
      "  scalefit fit runs.csv | scalefit predict - --from larger.csv");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::scalefit
