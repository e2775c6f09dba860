// scalefit fit
#include "base/given_path.h"
#include "base/memory.h"
#include "fit/command/fit_report.h"
#include "fit/command/schedule.h"
#include "scalefit/commands.h"

namespace frugal::scalefit {
namespace {

struct FitCommand {
  cli::CommonFlags flags;
  Answer answer;
  std::vector<std::string> positionals;
  std::string html;

  void run() {
    const report::RunClock clock;
    const auto data = split_positionals(positionals, flags);
    const auto [config, effective, origin] =
        cli::load_config<fit::FitConfig>(flags, [&data](fit::FitConfig& given) {
          if (!data.empty()) given.data = data;
        });
    const base::MemoryUse memory("a fit", "fit fewer rows (where), or take fewer draws");
    auto result =
        report::start_result({"frugal.scalefit.fit/1", "scalefit fit", flags.seed}, effective.json());
    if (config.law == fit::annealing_law) {
      const fit::ScheduleFit fitted = fit::fit_schedule(read_data(config.data), config, flags.seed, origin);
      fit::add_to_result(fitted, result);
      result["run"] = clock.describe(1);
      if (!html.empty()) base::write_text(base::given_path(html), fit::schedule_fit_page(fitted, flags.seed));
      answer.write(flags, result, [&] { return fit::schedule_fit_answer(fitted); });
      return;
    }
    const auto measurements = read_measurements(config.data, config, origin, fit::Pooling::separate);
    const fit::FitOutcome outcome = fit::run_fit(measurements, config, flags.seed, origin);
    fit::add_to_result(outcome, config, result);
    result["run"] = clock.describe(1);
    if (!html.empty()) base::write_text(base::given_path(html), fit::fit_page(outcome, config, flags.seed));
    answer.write(flags, result, [&] { return fit::fit_answer(outcome, config); });
  }
};

}  // namespace

void add_fit(CLI::App& app) {
  auto command = std::make_shared<FitCommand>();
  CLI::App* sub = app.add_subcommand("fit", "Fit a law, or an average of laws, to measured runs");
  sub->add_option("DATA", command->positionals,
                  "CSV, JSONL or JSON files, - for standard input; a .json without runs is the config");
  add_html_option(*sub, command->html);
  command->answer.add_option(*sub);
  cli::add_flags<fit::FitConfig>(*sub, command->flags, {.config = cli::ConfigArgument::own},
                                 "Result (JSON); - is standard output");
  sub->footer(
      "Examples:\n  scalefit fit runs.csv --set law=chinchilla > fit.json\n"
      "  scalefit fit runs.jsonl | scalefit plan - --target-error 0.1\n"
      "  scalefit fit checkpoints.csv --set law=annealing > schedule.json");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::scalefit
