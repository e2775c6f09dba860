// ligo-grow grow
#include "grow/grow_command.h"
#include "ligo_grow/commands.h"
#include "ligo_grow/summary.h"

namespace frugal::ligo_grow {
namespace {

struct GrowCommand {
  cli::CommonFlags flags;
  std::string source;
  bool json = false;

  void run() {
    const report::RunClock clock;
    const auto [config, effective, origin] = cli::load_config<grow::GrowConfig>(flags);
    if (source.empty()) throw base::UserError("SOURCE", "no model directory is given");
    cli::require_folder(flags, "growing", "models/large");
    auto result = report::start_result(
        {"frugal.ligo_grow.grow/1", "ligo-grow grow", static_cast<std::uint64_t>(config.seed)},
        effective.json());
    grow::grow_command(source, flags.out, config, flags.quiet, result);
    result["run"] = clock.describe(static_cast<int>(config.threads));
    if (cli::for_people(json)) {
      base::write_text("-", lines_of_growth(result, flags.out));
    } else {
      report::write_result("-", result);
    }
  }
};

}  // namespace

void add_grow(CLI::App& app) {
  auto command = std::make_shared<GrowCommand>();
  CLI::App* sub = app.add_subcommand("grow", "A larger model directory from a model directory");
  sub->add_option("SOURCE", command->source, "Hugging Face model directory");
  sub->add_flag("--json", command->json, "JSON on a terminal too");
  cli::add_flags<grow::GrowConfig>(*sub, command->flags, {.out_is_folder = true, .threads = true},
                                   "Folder of the grown model");
  sub->footer(
      "Examples:\n"
      "  ligo-grow grow models/small --set target.hidden_size=768 --out models/large\n"
      "  ligo-grow grow models/small --set target.layers=12 --set operator.depth=stack --out models/deep");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::ligo_grow
