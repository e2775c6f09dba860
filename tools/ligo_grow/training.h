// What the subcommands of ligo-grow that train share.
#pragma once

#include "ligo_grow/commands.h"

namespace frugal::ligo_grow {

void add_learn(CLI::App& app);
void add_train(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_compare(CLI::App& app);

// Reads the config, or prints it and stops.
template <class Config>
bool load_config(Config& config, const cli::CommonFlags& flags) {
  config::read(config, config::load(flags.config, flags.settings));
  if (!flags.print_config) return true;
  nlohmann::json printed;
  config::print(config, printed);
  base::write_text("-", config::to_text(printed));
  return false;
}

inline void require_folder(const cli::CommonFlags& flags) {
  if (flags.out == "-")
    throw base::UserError("--out", "needs a folder to write to", "for example --out out/first");
}

// Training's own flags, and the config as a positional.
inline void add_training_flags(CLI::App& command, cli::CommonFlags& flags, const std::string& out_help,
                               bool seed = true) {
  command.add_option("CONFIG", flags.config, "Config file (JSON), - for standard input; none: the defaults");
  cli::FlagSet set;
  set.threads = set.device = set.resume = true;
  set.seed = seed;
  cli::add_common_flags(command, flags, set, out_help);
}

}  // namespace frugal::ligo_grow
