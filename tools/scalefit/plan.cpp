// scalefit plan
#include <optional>

#include "base/given_path.h"
#include "fit/command/decision.h"
#include "fit/command/plan.h"
#include "scalefit/commands.h"

namespace frugal::scalefit {
namespace {

struct PlanCommand {
  cli::CommonFlags flags;
  Answer answer;
  std::string fit_path, group, html;
  std::string target, deploy;
  std::vector<std::string> budgets;
  std::vector<std::string> at;

  void run() {
    const report::RunClock clock;
    const auto [config, effective, origin] =
        cli::load_config<fit::PlanConfig>(flags, [this](fit::PlanConfig& given) {
          if (!target.empty()) given.target_error = fit::parse_number(target, "--target-error");
          if (!deploy.empty()) given.deploy_tokens = fit::parse_number(deploy, "--deploy-tokens");
          if (!budgets.empty()) given.budgets.clear();
          for (const std::string& one : budgets) given.budgets.push_back(fit::parse_number(one, "--budget"));
          for (const std::string& one : at) given.at.merge(fit::parse_scale(one));
        });
    auto result =
        report::start_result({"frugal.scalefit.plan/1", "scalefit plan", flags.seed}, effective.json());
    const fit::ReadFit fitted = read_fit_file(fit_path, group);
    fit::plan_command(fitted, config, origin, result);
    result["run"] = clock.describe(1);
    if (!html.empty()) base::write_text(base::given_path(html), fit::plan_page(fitted, config, result));
    answer.write(flags, result, [&] { return fit::plan_answer(*fitted.surface, result); });
  }
};

}  // namespace

void add_plan(CLI::App& app) {
  auto command = std::make_shared<PlanCommand>();
  CLI::App* sub =
      app.add_subcommand("plan", "Data, size and compute for a target or a budget; is it worth going on?");
  sub->add_option("FIT", command->fit_path, "What `scalefit fit` printed; - is standard input")->required();
  sub->add_option("--target-error", command->target, "What reaches this error? 0.1 or 10%");
  sub->add_option("--budget", command->budgets,
                  "Best size and data for this training cost; several: a,b or repeated")
      ->allow_extra_args(false)
      ->delimiter(',');
  sub->add_option("--deploy-tokens", command->deploy,
                  "Tokens that the model will be used on: cheapest over its life");
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
