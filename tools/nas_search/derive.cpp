// nas-search derive
#include "nas_search/commands.h"
#include "nas_search/summary.h"
#include "search/derive/command.h"

namespace frugal::nas_search {
namespace {

struct DeriveCommand {
  cli::CommonFlags flags;
  search::DeriveOptions options;
  bool json = false;

  void run() {
    options.out = flags.out == "-" ? "" : flags.out;
    const auto result = search::derive_result(options);
    if (cli::for_people(json)) return base::write_text("-", lines_of_derivation(result, options.out));
    report::write_result("-", result);
  }
};

}  // namespace

void add_derive(CLI::App& app) {
  auto command = std::make_shared<DeriveCommand>();
  CLI::App* sub = app.add_subcommand(
      "derive", "The most probable network of a search, or the best one under hard limits");
  sub->add_option("SPACE", command->options.space, "The search space, or a search config with one (JSON)")
      ->required();
  sub->add_option("--alpha", command->options.alpha, "Architecture parameters: what a search wrote (JSON)")
      ->required();
  sub->add_option("--target", command->options.target,
                  "Whose architecture parameters, where the search was for several devices");
  sub->add_option("--table", command->options.tables, "Latency table; one network for each that is given");
  sub->add_option("--format", command->options.format, "What the tables are; auto: by their content")
      ->check(CLI::IsMember({"auto", "frugal", "proxyless", "mobilenetv3", "tf-nas"}));
  sub->add_option(
         "--limit", command->options.limits,
         "latency_ms=, macs=, parameters=, flash_bytes=, sram_bytes=; with --board device_sram_bytes=, "
         "device_flash_bytes=, device_instructions=, device_step_instructions=; several at once")
      ->allow_extra_args(false);
  auto* minimise =
      sub->add_option("--minimise", command->options.minimise,
                      "Metric: of the networks within --slack of the best the one with the least of it")
          ->check(CLI::IsMember({"latency_ms", "macs", "parameters", "flash_bytes"}));
  sub->add_option("--slack", command->options.slack,
                  "Nats of log-probability that may be given up for what --minimise names")
      ->needs(minimise)
      ->check(CLI::NonNegativeNumber);
  sub->add_option(
         "--front", command->options.front,
         "So many networks from the cheapest to the most probable, each the most probable at its cost")
      ->check(CLI::Range(2, 1000));
  auto* board = sub->add_option("--board", command->options.board.target,
                                "Board whose device_… limits the compiler of tinytrain-compile counts")
                    ->check(CLI::IsMember({"m3", "m4", "m7", "m55", "rv32"}));
  sub->add_option("--scheme", command->options.board.scheme,
                  "What the network trains on the board: full, head, bias:k, last:k, or a file of a scheme")
      ->needs(board);
  cli::add_flags(*sub, command->flags, {.out_is_folder = true, .seed = false},
                 "Folder for network.json; - writes none");
  add_json_flag(*sub, command->json);
  sub->footer(
      "Examples:\n"
      "  nas-search derive space.json --alpha out/search/search.json --out out/net\n"
      "  nas-search derive space.json --alpha alpha.json --table phone.json --limit latency_ms=30 "
      "--limit flash_bytes=1e6\n"
      "  nas-search derive space.json --alpha alpha.json --table phone.json --table laptop.json "
      "--minimise latency_ms --slack 3\n"
      "  nas-search derive space.json --alpha out/search/search.json --board m7 --scheme last:2 --limit "
      "device_sram_bytes=65536 --out out/net\n"
      "  nas-search derive space.json --alpha out/search/search.json --table phone.json --front 12 --out "
      "out/front");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::nas_search
