#include "cli/flags.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"

namespace frugal::cli {
namespace {

std::set<const CLI::Option*>& folders() {
  static std::set<const CLI::Option*> options;
  return options;
}

}  // namespace

bool names_folder(const CLI::Option& option) { return folders().contains(&option); }

void add_config_flags(CLI::App& command, CommonFlags& flags, ConfigArgument argument,
                      const std::function<std::string()>& help_config,
                      const std::function<std::string(const std::string&)>& schema) {
  if (argument == ConfigArgument::positional) {
    command.add_option("CONFIG", flags.config,
                       "Config file (JSON), - for standard input; none: the defaults");
  } else if (argument == ConfigArgument::option) {
    command.add_option("--config", flags.config, "Config (JSON)");
  }
  command.add_option("--set", flags.settings, "Set one value of the config: path=value (repeatable)")
      ->allow_extra_args(false);
  // These are answered as they are met, before CLI11 asks for what the subcommand requires.
  command
      .add_flag_callback(
          "--print-config",
          [&command, &flags] {
            flags.print_config = true;
            for (CLI::Option* option : command.get_options()) option->required(false);
          },
          "Print the whole effective config and stop")
      ->trigger_on_parse();
  command
      .add_flag_callback(
          "--help-config",
          [help_config] {
            base::write_text("-", help_config());
            throw Shown();
          },
          "Print what the config may hold and stop")
      ->trigger_on_parse();
  command
      .add_flag_callback(
          "--schema",
          [&command, schema] {
            base::write_text("-", schema(command.get_parent()->get_name() + " " + command.get_name()));
            throw Shown();
          },
          "Print that as a JSON Schema and stop")
      ->trigger_on_parse();
}

void add_flags(CLI::App& command, CommonFlags& flags, const FlagSet& set, const std::string& out_help) {
  if (set.out) {
    const CLI::Option* out = command.add_option("--out", flags.out, out_help);
    if (set.out_is_folder) folders().insert(out);
  }
  if (set.seed) {
    command.add_option_function<std::uint64_t>(
        "--seed",
        [&flags](const std::uint64_t& seed) {
          flags.seed = seed;
          flags.seed_given = true;
        },
        "Seed of every random choice");
  }
  if (set.threads) {
    command.add_option("--threads", flags.threads, "Threads; 0 chooses, at most all cores")
        ->check(CLI::Range(0, 4096));
  }
  if (set.device) command.add_option("--device", flags.device, "cpu or cuda[:N]");
  if (set.resume) command.add_flag("--resume", flags.resume, "Go on from the last checkpoint in --out");
  command.add_flag("--quiet", flags.quiet, "No progress on standard error");
}

void show_if_asked(const CommonFlags& flags, const nlohmann::json& effective) {
  if (!flags.print_config) return;
  base::write_text("-", config::to_text(effective));
  throw Shown();
}

void require_folder(const CommonFlags& flags, const std::string& what, const std::string& example) {
  if (flags.out == "-") {
    throw base::UserError("--out", what + " needs a folder to write to", "for example --out " + example);
  }
}

}  // namespace frugal::cli
