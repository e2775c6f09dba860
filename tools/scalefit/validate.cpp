// scalefit validate
#include "fit/validate/validate.h"
#include "base/given_path.h"
#include "scalefit/commands.h"

namespace frugal::scalefit {
namespace {

struct ValidateCommand {
  cli::CommonFlags flags;
  Answer answer;
  std::vector<std::string> positionals;
  std::string mode, html;

  void run() {
    const report::RunClock clock;
    if (!mode.empty()) flags.settings.push_back("mode=" + mode);
    const auto data = split_positionals(positionals, flags);
    const auto [config, effective, origin] =
        cli::load_config<fit::ValidateConfig>(flags, [&data](fit::ValidateConfig& given) {
          if (!data.empty()) given.fit.data = data;
        });
    fit::Measurements measurements;
    if (config.needs_data())
      measurements = read_measurements(config.fit.data, config.fit_config(), origin, fit::Pooling::name);
    const fit::ValidateInput input{measurements, config, flags.seed, origin};
    const auto check = fit::run_validate(input);
    auto result = report::start_result({"frugal.scalefit.validate/1", "scalefit validate", flags.seed},
                                       effective.json());
    fit::add_to_result(*check, measurements, result);
    result["run"] = clock.describe(1);
    if (!html.empty()) base::write_text(base::given_path(html), fit::validate_page(*check, input));
    answer.write(flags, result, [&] { return fit::plain_answer(result); });
  }
};

}  // namespace

void add_validate(CLI::App& app) {
  auto command = std::make_shared<ValidateCommand>();
  CLI::App* sub = app.add_subcommand("validate", "Hide measured runs, predict them, and compare");
  sub->add_option("DATA", command->positionals,
                  "CSV, JSONL or JSON files, - for standard input; a .json without runs is the config");
  sub->add_option("--mode", command->mode,
                  "What is hidden: corners (default), curves, joint, schedule, protocol");
  add_html_option(*sub, command->html);
  command->answer.add_option(*sub);
  cli::add_flags<fit::ValidateConfig>(*sub, command->flags, {.config = cli::ConfigArgument::own},
                                      "Result (JSON); - is standard output");
  sub->footer(
      "Modes:\n"
      "  corners   every smaller corner of a grid of sizes and data predicts the largest run\n"
      "  curves    the rows that a train column holds out, a curve for each name\n"
      "  joint     the top scale of every series; the fit's convergence from many seeds\n"
      "  schedule  ends of runs, and whole runs, along their learning rates\n"
      "  protocol  simulated surfaces with noise (Rosenfeld et al. 2020); no data\n\n"
      "Examples:\n  scalefit validate runs.jsonl --html validate.html\n"
      "  scalefit validate curves.csv --mode curves");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::scalefit
