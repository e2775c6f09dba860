// nas-search network
#include "network/network.h"
#include "base/given_path.h"

#include <fmt/format.h>

#include "nas_search/commands.h"
#include "network/compact.h"
#include "network/tree.h"
#include "train/images/run.h"

namespace frugal::nas_search {
namespace {

// A network of trees is counted and written as it was; false where the file is another network.
bool print_tree_counts(const std::string& file, const cli::CommonFlags& flags) {
  const std::string text = base::read_text(file);
  const nlohmann::json json = config::parse(text, file);
  if (!network::is_tree_network(json)) return false;
  const network::TreeNetwork network = network::read_tree_network(json, file);
  if (!flags.quiet) {
    fmt::print(stderr, "nas-search network: {} parameters, {} MACs at {} px\n",
               network::parameter_count(network), network::mac_count(network), network.resolution);
  }
  base::write_text(base::given_path(flags.out), text);
  return true;
}

void write_network(const cli::CommonFlags& flags) {
  const train::NetworkChoice choice = cli::load_config<train::NetworkChoice>(flags).config;
  if (!choice.file.empty() && print_tree_counts(choice.file, flags)) return;
  const network::NetworkConfig network = choice.load("blocks");
  if (!flags.quiet) {
    fmt::print(stderr, "nas-search network: {} parameters, {} MACs at {} px\n",
               network::parameter_count(network), network::mac_count(network), network.resolution);
  }
  base::write_text(base::given_path(flags.out), network::to_text(network));
}

}  // namespace

void add_network(CLI::App& app) {
  auto flags = std::make_shared<cli::CommonFlags>();
  CLI::App* sub =
      app.add_subcommand("network", "Write network.json from one line of blocks; count parameters and MACs");
  cli::add_flags<train::NetworkChoice>(*sub, *flags,
                                       {.config = cli::ConfigArgument::positional, .seed = false},
                                       "The network.json; - is standard output");
  sub->footer(
      "Examples:\n"
      "  nas-search network --set 'blocks=3e1w16 | 5e3s2w32 3e3 Z' --set classes=10 --out network.json\n"
      "  nas-search network --set file=configs/networks/proxyless_mobile.json --out /dev/null");
  sub->callback([flags] { write_network(*flags); });
}

}  // namespace frugal::nas_search
