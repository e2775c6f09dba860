// scalefit: is it worth training this bigger, on how much data, at what compute? Flags in, library called,
// result out; the work is in lib/fit.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "cli/run.h"
#include "config/config.h"
#include "fit/fit_command.h"
#include "fit/table.h"
#include "report/result.h"

using namespace frugal;

namespace {

// What every subcommand does first: read the config, or print it and stop.
template <class Config>
bool load_config(const cli::CommonFlags& flags, Config& config, config::Source& source,
                 nlohmann::json& effective) {
  source = config::load(flags.config, flags.settings);
  config::read(config, source);
  config::print(config, effective);
  if (flags.print_config) base::write_text("-", config::to_text(effective));
  return !flags.print_config;
}

// A positional that ends in .json is the config, anything else is data.
void split_positionals(const std::vector<std::string>& given, cli::CommonFlags& flags,
                       std::vector<std::string>& data) {
  for (const std::string& one : given) {
    if (!one.ends_with(".json")) {
      data.push_back(one);
    } else if (flags.config.empty()) {
      flags.config = one;
    } else {
      throw base::UserError(one, "a second config; the first is " + flags.config,
                            "data ends in .csv or .jsonl");
    }
  }
}

struct FitCommand {
  cli::CommonFlags flags;
  std::vector<std::string> positionals;
  std::string html;

  void run() {
    const report::RunClock clock;
    std::vector<std::string> data;
    split_positionals(positionals, flags, data);
    fit::FitConfig config;
    config::Source source;
    nlohmann::json effective;
    if (!load_config(flags, config, source, effective)) return;
    if (!data.empty()) config.data = data;
    if (config.data.empty()) {
      throw base::UserError("", "no data", "give CSV or JSONL files, or - for standard input");
    }
    config::print(config, effective);
    const auto measurements = fit::to_measurements(fit::read_tables(config.data), config.measurements);
    const fit::FitOutcome outcome = fit::run_fit(measurements, config, flags.seed, source.origin);
    auto result = report::start_result({"frugal.scalefit.fit/1", "scalefit fit", flags.seed}, effective);
    fit::add_to_result(outcome, config, result);
    result["run"] = clock.describe(1);
    report::write_result(flags.out, result);
  }
};

void add_fit(CLI::App& app) {
  auto command = std::make_shared<FitCommand>();
  CLI::App* sub = app.add_subcommand("fit", "Fit a law, or an average of laws, to measured runs");
  sub->add_option("DATA", command->positionals,
                  "CSV or JSONL files, - for standard input; *.json is the config");
  cli::add_common_flags(*sub, command->flags, {}, "Result (JSON); - is standard output");
  sub->footer(
      "Examples:\n  scalefit fit runs.csv --set law=chinchilla > fit.json\n"
      "  scalefit fit runs.jsonl | scalefit plan - --target-error 0.1");
  sub->callback([command] { command->run(); });
}

}  // namespace

int main(int argc, char** argv) {
  return cli::run_main(argc, argv, "scalefit", [](CLI::App& app) {
    cli::set_up(app, "Is it worth training this bigger, on how much data, at what compute?",
                "Examples:\n  scalefit fit runs.csv > fit.json\n  scalefit plan fit.json --budget 1e21");
    app.require_subcommand(1);
    add_fit(app);
  });
}
