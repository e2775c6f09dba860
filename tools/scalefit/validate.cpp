// scalefit validate
#include "fit/validate.h"
#include "fit/table.h"
#include "scalefit/commands.h"

namespace frugal::scalefit {
namespace {

struct ValidateCommand {
  cli::CommonFlags flags;
  std::vector<std::string> positionals;

  void run() {
    const report::RunClock clock;
    const std::vector<std::string> data = split_positionals(positionals, flags);
    fit::FitConfig config;
    config.draws = 100;
    config::Source source;
    nlohmann::json effective;
    if (!load_config(flags, config, source, effective)) return;
    if (!data.empty()) config.data = data;
    require_data(config.data);
    config::print(config, effective);
    const auto measurements = fit::to_measurements(fit::read_tables(config.data), config.measurements);
    if (measurements.group_names.size() > 1) {
      throw base::UserError("", "validate takes one series at a time",
                            "choose one: --set 'where." + measurements.chosen.at("group") + "=" +
                                measurements.group_names.front() + "' --set columns.group=none");
    }
    auto result =
        report::start_result({"frugal.scalefit.validate/1", "scalefit validate", flags.seed}, effective);
    result["notes"] = measurements.notes;
    result.update(fit::to_json(fit::validate_corners(measurements, config, flags.seed, source.origin)));
    result["run"] = clock.describe(1);
    report::write_result(flags.out, result);
  }
};

}  // namespace

void add_validate(CLI::App& app) {
  auto command = std::make_shared<ValidateCommand>();
  CLI::App* sub = app.add_subcommand(
      "validate", "Predict the largest measured run from every smaller corner of the grid");
  sub->add_option("DATA", command->positionals,
                  "CSV or JSONL files, - for standard input; *.json is the config");
  cli::add_common_flags(*sub, command->flags, {}, "Result (JSON); - is standard output");
  sub->footer("Examples:\n  scalefit validate runs.jsonl\n  scalefit validate runs.csv --set law=rosenfeld");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::scalefit
