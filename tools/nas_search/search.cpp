// nas-search search, nas-search search-speed
#include "nas_search/commands.h"
#include "nas_search/summary.h"
#include "search/run/command.h"
#include "search/run/speed.h"

namespace frugal::nas_search {
namespace {

struct SearchCommand {
  cli::CommonFlags flags;
  bool json = false;

  void run() const {
    const auto loaded = cli::load_config<search::SearchConfig>(flags);
    cli::require_folder(flags, "a search", "out/search");
    const train::RunOptions options{flags.out, flags.resume, flags.quiet, flags.device};
    const auto result = search::run_search(loaded.config, options, flags.config);
    if (cli::for_people(json)) return base::write_text("-", lines_of_search(result, flags.out));
    report::write_result("-", result);
  }
};

struct SpeedCommand {
  cli::CommonFlags flags;
  std::string space;
  search::SupernetSpeedOptions options;

  void run() {
    options.threads = flags.threads;
    options.seed = static_cast<std::int64_t>(flags.seed);
    const search::SearchSpace searched = search::load_space(space, flags.settings);
    nlohmann::json effective;
    config::print(searched.config(), effective);
    cli::show_if_asked(flags, effective);
    const auto result = search::measure_supernet(searched, options);
    base::write_text("-", report::to_line(result) + "\n");
  }
};

}  // namespace

void add_search(CLI::App& app) {
  auto command = std::make_shared<SearchCommand>();
  CLI::App* sub = app.add_subcommand(
      "search", "Search a network: one for a device, or one for each of several, in a space of networks");
  cli::add_flags<search::SearchConfig>(*sub, command->flags,
                                       {.config = cli::ConfigArgument::positional,
                                        .out_is_folder = true,
                                        .threads = true,
                                        .device = true,
                                        .resume = true},
                                       "Folder for search.json, network.json, weights and the checkpoint");
  add_json_flag(*sub, command->json);
  sub->footer(
      "Examples:\n"
      "  nas-search search configs/search/fashion.json --out out/search\n"
      "  nas-search search configs/search/fashion.json --set objective.limits.macs=3e6 --out out/small "
      "--resume");
  sub->callback([command] { command->run(); });
}

void add_search_speed(CLI::App& app) {
  auto command = std::make_shared<SpeedCommand>();
  CLI::App* sub = app.add_subcommand(
      "search-speed", "Processor seconds and peak memory of a search's steps on made-up images");
  sub->add_option("SPACE", command->space, "A space, or a search config")->required();
  sub->add_option("--step", command->options.step, "Which step")
      ->check(CLI::IsMember(search::supernet_step_names()));
  sub->add_option("--batch", command->options.batch_size, "Examples a step")->check(CLI::Range(1, 65536));
  sub->add_option("--steps", command->options.steps, "How many are measured")->check(CLI::Range(1, 1 << 20));
  cli::add_flags<search::SpaceConfig>(
      *sub, command->flags, {.config = cli::ConfigArgument::own, .out = false, .threads = true}, "");
  sub->footer(
      "Examples:\n"
      "  nas-search search-speed configs/search/cifar.json --step mixed --threads 1\n"
      "  nas-search search-speed configs/search/cifar.json --step mixture --batch 16 --steps 2");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::nas_search
