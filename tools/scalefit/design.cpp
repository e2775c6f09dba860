// scalefit design and measure: which runs to make, and making them.
#include <cstdio>

#include "base/given_path.h"
#include "campaign/measure.h"
#include "fit/decide/design.h"
#include "scalefit/commands.h"

namespace frugal::scalefit {
namespace {

struct DesignCommand {
  cli::CommonFlags flags;
  Answer answer;
  std::string fit_path, group;
  std::optional<double> budget;

  void run() {
    const auto [config, effective, origin] =
        cli::load_config<fit::DesignConfig>(flags, [this](fit::DesignConfig& given) {
          if (budget) given.budget = budget;
        });
    fit::ReadFit fitted;
    if (!fit_path.empty()) fitted = read_fit_file(fit_path, group);
    std::string lines;
    const auto runs = fit::design_runs(config, fitted.surface.get(), origin);
    if (answer.for_people(flags)) return base::write_text("-", fit::design_answer(runs));
    for (const auto& run : runs) lines += report::to_line(fit::to_json(run)) + "\n";
    base::write_text(base::given_path(flags.out), lines);
  }
};

struct MeasureCommand {
  cli::CommonFlags flags;
  Answer answer;
  std::string list = "-";
  std::optional<std::int64_t> parallel;

  void run() {
    auto [config, effective, origin] = cli::load_config<campaign::MeasureConfig>(flags);
    if (parallel)
      config.parallel = *parallel;  // how the runs are made, not what: the result's config lacks it
    std::vector<nlohmann::json> lines;
    const std::string list_origin = list == "-" ? "standard input" : list, text = base::read_text(list);
    for (std::size_t start = 0, number = 1; start < text.size(); ++number) {
      const std::size_t end = std::min(text.find('\n', start), text.size());
      const std::string one = text.substr(start, end - start);
      start = end + 1;
      if (one.find_first_not_of(" \t\r") == std::string::npos) continue;
      lines.push_back(config::parse(one, list_origin + ":" + std::to_string(number)));
    }
    const auto outcome = campaign::measure_runs(lines, config, origin, flags.quiet);
    auto result =
        report::start_result({"frugal.scalefit.measure/1", "scalefit measure", flags.seed}, effective.json());
    result["done_before"] = outcome.done_before;
    result["done"] = outcome.done;
    result["failed"] = outcome.failed;
    if (outcome.elsewhere > 0) result["elsewhere"] = outcome.elsewhere;
    answer.write(flags, result, [&] { return fit::plain_answer(result); });
    if (!outcome.failed.empty()) {
      throw base::Failure(
          std::to_string(outcome.failed.size()) + " of " + std::to_string(lines.size()) + " runs failed",
          "the same command again tries them again and skips the others");
    }
  }
};

}  // namespace

void add_design(CLI::App& app) {
  auto command = std::make_shared<DesignCommand>();
  CLI::App* sub = app.add_subcommand("design", "Which small runs to make next, one JSON object a line");
  sub->add_option("CONFIG", command->flags.config, "Config (JSON) with the axes; - is standard input")
      ->required();
  sub->add_option("--fit", command->fit_path,
                  "Choose the runs that tell most, by what `scalefit fit` printed");
  sub->add_option("--budget", command->budget, "With --fit: what all runs together may cost")
      ->check(CLI::PositiveNumber);
  sub->add_option("--group", command->group, "Which fit, where the file holds several");
  command->answer.add_option(*sub);
  cli::add_flags<fit::DesignConfig>(*sub, command->flags, {.config = cli::ConfigArgument::own, .seed = false},
                                    "Runs (JSON lines); - is standard output");
  sub->footer(
      "Examples:\n  scalefit design configs/scalefit/design-fashion-mnist.json > runs-to-make.jsonl\n"
      "  scalefit design configs/scalefit/design-fashion-mnist.json | scalefit measure "
      "configs/scalefit/measure-fashion-mnist.json");
  sub->callback([command] { command->run(); });
}

void add_measure(CLI::App& app) {
  auto command = std::make_shared<MeasureCommand>();
  CLI::App* sub =
      app.add_subcommand("measure", "Carry a list of runs out by starting the trainer that the config names");
  sub->add_option("CONFIG", command->flags.config, "Config (JSON) with the command")->required();
  sub->add_option("LIST", command->list, "Runs that `scalefit design` listed; - is standard input")
      ->capture_default_str();
  sub->add_option("--parallel", command->parallel, "Runs at a time")->check(CLI::PositiveNumber);
  command->answer.add_option(*sub);
  cli::add_flags<campaign::MeasureConfig>(*sub, command->flags,
                                          {.config = cli::ConfigArgument::own, .seed = false},
                                          "Result (JSON); - is standard output");
  sub->footer(
      "Examples:\n  scalefit measure configs/scalefit/measure-fashion-mnist.json runs-to-make.jsonl "
      "--parallel 2\n"
      "  scalefit design design.json | scalefit measure measure.json - && scalefit fit runs/runs.jsonl");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::scalefit
