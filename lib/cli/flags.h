// The flags that subcommands share, and how one gets its config: add_flags declares what it takes,
// load_config reads it and lets flags win over it. A subcommand with a config needs these two calls, and then
// has
// --set, --print-config, --help-config and --schema.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/schema.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace frugal::cli {

struct CommonFlags {
  std::string config;                 // CONFIG.json, "-" for standard input, empty for the defaults
  std::vector<std::string> settings;  // --set path=value
  std::string out = "-";
  std::uint64_t seed = 0;
  bool seed_given = false;
  int threads = 0;  // 0: all cores
  std::string device = "cpu";
  bool quiet = false, resume = false, print_config = false;
};

// How a subcommand takes its config file: as CONFIG, as --config, or by an argument that it declares itself.
enum class ConfigArgument { positional, option, own };

// Which of the flags a subcommand takes; a flag that would do nothing is not offered.
struct FlagSet {
  ConfigArgument config = ConfigArgument::option;
  bool out_is_folder = false;
  bool out = true, seed = true, threads = false, device = false, resume = false;
};

// Declares the flags of a subcommand that has no config. `out_help` says what --out is here (a folder, a
// file).
void add_flags(CLI::App& command, CommonFlags& flags, const FlagSet& set, const std::string& out_help);

// Part of add_flags<Config>: `title` in, text out.
void add_config_flags(CLI::App& command, CommonFlags& flags, ConfigArgument argument,
                      const std::function<std::string()>& help_config,
                      const std::function<std::string(const std::string&)>& schema);

// The same of one with a config. What shows the config asks for nothing else: required arguments may be left
// out.
template <class Config>
void add_flags(CLI::App& command, CommonFlags& flags, const FlagSet& set, const std::string& out_help) {
  add_config_flags(command, flags, set.config, config::describe<Config>, config::schema<Config>);
  add_flags(command, flags, set, out_help);
}

// Whether an option names a folder to write (FlagSet::out_is_folder).
bool names_folder(const CLI::Option& option);

// Thrown where a config was shown and nothing is left to do; run_main ends with 0.
struct Shown {};

// Prints the config and throws Shown where --print-config was given.
void show_if_asked(const CommonFlags& flags, const nlohmann::json& effective);

// A subcommand's config, read.
template <class Config>
struct Loaded {
  Config config;
  config::Source effective;  // .json() is the whole of it with defaults, as --print-config shows it
  std::string origin;        // the file, for messages
};

// Reads the config of `flags`, lets --seed, --threads and what `adjust` sets win over it, and shows it
// where that was asked for (see Shown).
template <class Config>
Loaded<Config> load_config(const CommonFlags& flags, const std::function<void(Config&)>& adjust = nullptr) {
  Loaded<Config> loaded;
  const config::Source source = config::load(flags.config, flags.settings);
  loaded.origin = source.origin;
  config::read(loaded.config, source);
  if constexpr (requires { loaded.config.seed; }) {
    if (flags.seed_given) loaded.config.seed = static_cast<std::int64_t>(flags.seed);
  }
  if constexpr (requires { loaded.config.threads; }) {
    if (flags.threads > 0) loaded.config.threads = flags.threads;
  }
  if (adjust) adjust(loaded.config);
  config::print(loaded.config, loaded.effective.json());
  show_if_asked(flags, loaded.effective.json());
  return loaded;
}

// Throws where --out is left at standard output; `what` needs a folder: "training".
void require_folder(const CommonFlags& flags, const std::string& what, const std::string& example);

}  // namespace frugal::cli
