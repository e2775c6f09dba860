// nas-search latency
#include "base/given_path.h"
#include "nas_search/commands.h"
#include "search/cost/table_report.h"

namespace frugal::nas_search {
namespace {

struct LatencyCommand {
  cli::CommonFlags flags;
  search::LatencyOptions options;

  void run() const { report::write_result(base::given_path(flags.out), search::latency_result(options)); }
};

}  // namespace

void add_latency(CLI::App& app) {
  auto command = std::make_shared<LatencyCommand>();
  CLI::App* sub = app.add_subcommand(
      "latency", "Latency of networks from latency tables: the sum, and each block's share");
  sub->add_option("NETWORK", command->options.networks, "network.json, one or more")->required();
  sub->add_option("--table", command->options.tables, "Latency table (JSON or YAML), one or more devices")
      ->required();
  sub->add_option("--format", command->options.format, "What the tables are; auto: by their content")
      ->check(CLI::IsMember({"auto", "frugal", "proxyless", "mobilenetv3", "tf-nas"}));
  sub->add_option("--resolution", command->options.resolution, "Pixels, where not the network's own")
      ->check(CLI::Range(1, 1 << 16));
  cli::add_flags(*sub, command->flags, {.seed = false}, "Result (JSON); - is standard output");
  sub->footer(
      "Examples:\n"
      "  nas-search latency out/network.json --table out/latency.json\n"
      "  nas-search latency a.json b.json --table phone.yaml --table server.json");
  sub->callback([command] { command->run(); });
}

}  // namespace frugal::nas_search
