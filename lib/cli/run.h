// What all four tools share at the shell: run_main catches every error once and turns it into a message and
// an exit code (docs/architecture.md, "At the shell").
#pragma once

#include <functional>
#include <set>
#include <string>

namespace CLI {
class App;
}

namespace frugal::cli {

inline constexpr int exit_done = 0, exit_failed = 1, exit_user_error = 2;

// Sets up an application: name, version, --version, "--help ends with two commands that work". `together`:
// the subcommands that several processes of a launcher (mpirun, srun) may run; any other is refused there.
void set_up(CLI::App& app, const std::string& summary, const std::string& examples,
            const std::set<std::string>& together = {});

// Parses and runs. `build` declares subcommands on the app and binds each to its work through CLI11
// callbacks. Returns the exit code: 0 done, 2 the user's input is wrong, 1 it failed, 128 + n on a signal;
// a closed output pipe ends quietly.
int run_main(int argc, char** argv, const std::string& tool, const std::function<void(CLI::App&)>& build);

}  // namespace frugal::cli
