// What the subcommands of ligo-grow share: one function each declares its flags and binds its work.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "cli/run.h"
#include "config/config.h"
#include "report/result.h"

namespace frugal::ligo_grow {

void add_grow(CLI::App& app);
void add_inspect(CLI::App& app);
void add_tokenize(CLI::App& app);

// What every subcommand does first: read the config, or print it and stop. Flags win over the config.
template <class Config>
bool load_config(const cli::CommonFlags& flags, Config& config, nlohmann::json& effective) {
  config::read(config, config::load(flags.config, flags.settings));
  if (flags.seed_given) config.seed = static_cast<std::int64_t>(flags.seed);
  if (flags.threads > 0) config.threads = flags.threads;
  config::print(config, effective);
  if (flags.print_config) base::write_text("-", config::to_text(effective));
  return !flags.print_config;
}

}  // namespace frugal::ligo_grow
