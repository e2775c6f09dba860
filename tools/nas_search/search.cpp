// nas-search search, nas-search search-speed
#include "nas_search/commands.h"
#include "search/run/command.h"
#include "search/run/speed.h"

namespace frugal::nas_search {
namespace {

struct SearchCommand {
  cli::CommonFlags flags;

  void run() const {
    search::SearchConfig config;
    const config::Source source = config::load(flags.config, flags.settings);
    config::read(config, source);
    if (flags.seed_given) config.seed = static_cast<std::int64_t>(flags.seed);
    if (flags.threads > 0) config.threads = flags.threads;
    if (flags.print_config) {
      nlohmann::json printed;
      config::print(config, printed);
      base::write_text("-", config::to_text(printed));
      return;
    }
    if (flags.out == "-") {
      throw base::UserError("--out", "a search needs a folder to write to", "for example --out out/search");
    }
    search::SearchOptions options{flags.out, flags.config, flags.resume, flags.quiet, flags.device};
    report::write_result("-", search::run_search(config, options));
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
    if (flags.print_config) {
      nlohmann::json printed;
      config::print(searched.config(), printed);
      base::write_text("-", config::to_text(printed));
      return;
    }
    const auto result = search::measure_supernet(searched, options);
    base::write_text("-", report::to_line(result) + "\n");
  }
};

}  // namespace

void add_search(CLI::App& app) {
  auto command = std::make_shared<SearchCommand>();
  CLI::App* sub = app.add_subcommand(
      "search", "Search a network: one for a device, or one for each of several, in a space of networks");
  sub->add_option("CONFIG", command->flags.config,
                  "Config file (JSON), - for standard input; none: the defaults");
  cli::FlagSet set;
  set.threads = set.device = set.resume = true;
  cli::add_common_flags(*sub, command->flags, set,
                        "Folder for search.json, network.json, weights and the checkpoint");
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
  cli::FlagSet set;
  set.out = false;
  set.threads = true;
  cli::add_common_flags(*sub, command->flags, set, "");
  sub->footer(
      "Examples:\n"
      "  nas-search search-speed configs/search/cifar.json --step mixed --threads 1\n"
      "  nas-search search-speed configs/search/cifar.json --step mixture --batch 16 --steps 2");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::nas_search
