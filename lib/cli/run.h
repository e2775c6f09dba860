// What all four tools share at the shell: run_main catches every error once and turns it into a message and
// an exit code (docs/architecture.md, "At the shell"); CommonFlags are the flags that every subcommand has.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace frugal::cli {

inline constexpr int exit_done = 0, exit_failed = 1, exit_user_error = 2;

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

// Which of the flags a subcommand takes; a flag that would do nothing is not offered.
struct FlagSet {
  bool config = true, out = true, seed = true, threads = false, device = false, resume = false;
};

// Declares the flags on a subcommand. `out_help` says what --out is here (a folder, a file).
void add_common_flags(CLI::App& command, CommonFlags& flags, const FlagSet& set, const std::string& out_help);

// Sets up an application: name, version, --version, "--help ends with two commands that work".
void set_up(CLI::App& app, const std::string& summary, const std::string& examples);

// Parses and runs. `build` declares subcommands on the app and binds each to its work through CLI11
// callbacks. Returns the exit code: 0 done, 2 the user's input is wrong, 1 it failed, 128 + n on a signal;
// a closed output pipe ends quietly.
int run_main(int argc, char** argv, const std::string& tool, const std::function<void(CLI::App&)>& build);

}  // namespace frugal::cli
