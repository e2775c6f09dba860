// nas-search profile
#include "nas_search/commands.h"
#include "nas_search/summary.h"
#include "search/profile/command.h"

namespace frugal::nas_search {
namespace {

struct ProfileCommand {
  cli::CommonFlags flags;
  search::ProfileOptions options;
  std::string runner, runtime;
  std::int64_t batch = 0;
  bool serve = false, json = false;

  void run() {
    const search::DeviceConfig device =
        cli::load_config<search::DeviceConfig>(flags, [this](search::DeviceConfig& given) {
          if (!runner.empty()) given.runner = runner;
          if (!runtime.empty()) given.runtime = runtime;
          if (batch > 0) given.batch = batch;
        }).config;
    if (serve) {
      search::serve(device);
      return;
    }
    if (options.space.empty())
      throw base::UserError("SPACE", "is needed", "for example configs/search/fashion.json");
    options.out = flags.out == "-" ? "" : flags.out;
    options.resume = flags.resume;
    options.quiet = flags.quiet;
    options.seed = flags.seed;
    const auto result = search::profile_result(options, device);
    if (cli::for_people(json)) return base::write_text("-", lines_of_profile(result, options.out));
    report::write_result("-", result);
  }
};

}  // namespace

void add_profile(CLI::App& app) {
  auto command = std::make_shared<ProfileCommand>();
  CLI::App* sub = app.add_subcommand(
      "profile", "Measure the operations of a search space on a device: its latency table");
  sub->add_option("SPACE", command->options.space, "The search space, or a search config with one (JSON)");
  sub->add_option("--config", command->flags.config, "Config of the device (JSON)");
  sub->add_option("--batch", command->batch, "Images of an inference")->check(CLI::Range(1, 65536));
  sub->add_option("--runner", command->runner,
                  "Measure elsewhere: a command that reads operation lines and answers latency lines");
  sub->add_option("--runtime", command->runtime, "What runs the network where it is used")
      ->check(CLI::IsMember({"libtorch", "onnxruntime"}));
  sub->add_option("--check", command->options.check,
                  "Then measure as many whole networks, held out, and compare with the table's predictions")
      ->check(CLI::Range(1, 1000000));
  sub->add_option("--fit", command->options.fit,
                  "Networks on which offset and scale are chosen, from 4 on; default: half of --check")
      ->check(CLI::Range(2, 1000000));
  sub->add_option("--table", command->options.table, "Check this table instead of measuring one");
  sub->add_flag("--serve", command->serve, "Be a runner: answer the operation lines of standard input");
  cli::add_flags<search::DeviceConfig>(*sub, command->flags,
                                       {.config = cli::ConfigArgument::own, .threads = true, .resume = true},
                                       "The latency table (JSON)");
  add_json_flag(*sub, command->json);
  sub->footer(
      "Examples:\n"
      "  nas-search profile configs/search/fashion.json --threads 1 --out out/latency.json --check 100\n"
      "  nas-search profile space.json --runtime onnxruntime --threads 1 --out out/onnxruntime.json\n"
      "  nas-search profile space.json --runner 'scripts/latency-runner-ssh pi@board' --out out/board.json");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::nas_search
