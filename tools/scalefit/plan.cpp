// scalefit plan
#include <optional>

#include "fit/command/decision.h"
#include "fit/command/plan.h"
#include "scalefit/commands.h"

namespace frugal::scalefit {
namespace {

struct PlanCommand {
  cli::CommonFlags flags;
  Answer answer;
  std::string fit_path, group, html;
  std::optional<double> target, deploy;
  std::vector<double> budgets;
  std::vector<std::string> at;

  void run() {
    const report::RunClock clock;
    const auto [config, effective, origin] =
        cli::load_config<fit::PlanConfig>(flags, [this](fit::PlanConfig& given) {
          if (target) given.target_error = target;
          if (deploy) given.deploy_tokens = deploy;
          if (!budgets.empty()) given.budgets = budgets;
          for (const std::string& one : at) given.at.merge(fit::parse_scale(one));
        });
    auto result =
        report::start_result({"frugal.scalefit.plan/1", "scalefit plan", flags.seed}, effective.json());
    const fit::ReadFit fitted = read_fit_file(fit_path, group);
    fit::plan_command(fitted, config, origin, result);
    result["run"] = clock.describe(1);
    if (!html.empty()) base::write_text(html, fit::plan_page(fitted, config, result));
    answer.write(flags, result, [&] { return fit::plan_answer(*fitted.surface, result); });
  }
};

}  // namespace

void add_plan(CLI::App& app) {
  auto command = std::make_shared<PlanCommand>();
  CLI::App* sub =
      app.add_subcommand("plan", "Data, size and compute for a target or a budget; is it worth going on?");
  sub->add_option("FIT", command->fit_path, "What `scalefit fit` printed; - is standard input")->required();
  sub->add_option("--target-error", command->target, "What reaches this error?")->check(CLI::PositiveNumber);
  sub->add_option("--budget", command->budgets, "Best size and data for this training cost (repeatable)")
      ->allow_extra_args(false)
      ->check(CLI::PositiveNumber);
  sub->add_option("--deploy-tokens", command->deploy,
                  "Tokens that the model will be used on: cheapest over its life")
      ->check(CLI::PositiveNumber);
  sub->add_option("--at", command->at, "Values held for the target: size=1e9")->allow_extra_args(false);
  sub->add_option("--group", command->group, "Which fit, where the file holds several");
  add_html_option(*sub, command->html);
  command->answer.add_option(*sub);
  cli::add_flags<fit::PlanConfig>(*sub, command->flags, {.seed = false},
                                  "Result (JSON); - is standard output");
  sub->footer(
      "Examples:\n  scalefit plan fit.json --budget 1e21 --deploy-tokens 1e12\n"
      "  scalefit fit runs.csv | scalefit plan - --target-error 0.1");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::scalefit
