#include "cli/run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>

#include "base/can_write.h"
#include "base/ending.h"
#include "base/error.h"
#include "base/given_path.h"
#include "base/launch.h"
#include "base/memory.h"
#include "base/memory_crash.h"
#include "base/memory_limit.h"
#include "base/printable.h"
#include "base/stop.h"
#include "base/stop_watch.h"
#include "cli/flags.h"

namespace frugal::cli {
namespace {

extern "C" void on_signal(int signal_number) {
  // A second request does not wait for the safe place.
  if (base::stop_signal() != 0) _exit(128 + signal_number);
  base::request_stop(signal_number);
  base::wake_watch();
}

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
    // What the caller told us to ignore (nohup) stays ignored.
    struct sigaction before {};
    sigaction(signal_number, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(signal_number, &action, nullptr);
  }
}

void report(const std::string& tool, const std::string& message, const std::string& hint) {
  fmt::print(stderr, "{}: error: {}\n", tool, base::printable(message));
  if (!hint.empty()) fmt::print(stderr, "hint: {}\n", base::printable(hint));
}

// The flags of the (sub)command that was given, for "did you mean".
std::string suggest_argument(const CLI::App& app, const std::vector<std::string>& unknown) {
  if (unknown.empty()) return "";
  const CLI::App* command = &app;
  for (const CLI::App* chosen : app.get_subcommands()) command = chosen;
  std::vector<std::string> names;
  if (unknown.front().starts_with("-")) {
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  } else {
    for (const CLI::App* sub : command->get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(sub->get_name());
    }
  }
  return base::suggest(unknown.front(), names);
}

// Where an unknown argument stands behind a flag that was given its value: how to give several.
std::string suggest_repeating(const CLI::App& app, const std::vector<std::string>& unknown, int argc,
                              char** argv) {
  const std::vector<std::string> given(argv + 1, argv + argc);
  if (unknown.empty()) return "";
  auto at = std::find(given.begin(), given.end(), unknown.front());
  if (at == given.end()) return "";
  std::string values = *at;
  for (const CLI::App* chosen : app.get_subcommands()) {
    while (at != given.begin() && !(--at)->starts_with("-")) values = *at + "," + values;
    const CLI::Option* option = at->starts_with("--") ? chosen->get_option_no_throw(*at) : nullptr;
    if (option == nullptr || option->get_items_expected_max() == 0 || at + 1 == given.end()) continue;
    if (option->get_delimiter() != '\0') return fmt::format("several values: {} {}", *at, values);
    if (option->get_expected_max() > 1) return fmt::format("several values: {} before each of them", *at);
    return fmt::format("{} takes one value", *at);
  }
  return "";
}

// What is given for the files and folders that a command writes, looked at before its work.
void check_outputs(const CLI::App& command) {
  for (const char* name : {"--out", "--html", "--logits", "--state"}) {
    const CLI::Option* option = command.get_option_no_throw(name);
    if (option == nullptr || option->count() == 0) continue;
    const auto given = option->as<std::string>();
    if (names_folder(*option)) {
      base::check_can_make_folder(given);
    } else {
      base::check_can_write(base::given_path(given));
    }
  }
}

int parse_and_run(CLI::App& app, int argc, char** argv, const std::string& tool) {
  try {
    app.parse(argc, argv);
    return exit_done;
  } catch (const CLI::Success& done) {  // --help, --version
    return app.exit(done);
  } catch (const Shown&) {  // --print-config, --help-config, --schema
    return exit_done;
  } catch (const CLI::ParseError& error) {
    if (base::launched().rank > 0) {
      base::let_another_speak();
      return exit_user_error;
    }
    std::string hint = suggest_argument(app, app.remaining(true));
    if (hint.empty()) hint = suggest_repeating(app, app.remaining(true), argc, argv);
    if (hint.empty()) hint = fmt::format("see {} --help", tool);
    report(tool, error.what(), hint);
    return exit_user_error;
  } catch (const base::Silent& silent) {
    base::stop_answered();
    return silent.exit_code();
  } catch (const base::UserError& error) {
    report(tool, error.what(), error.hint());
    return exit_user_error;
  } catch (const base::Interrupted& stopped) {
    base::stop_answered();
    fmt::print(stderr, "{}: {}\n", tool, stopped.what());
    return 128 + stopped.signal_number();
  } catch (const base::Failure& error) {
    report(tool, error.what(), error.hint());
    return exit_failed;
  } catch (const std::exception& error) {
    if (base::is_out_of_memory(error)) {
      const base::OutOfMemory memory = base::explain_out_of_memory(error);
      report(tool, memory.message, memory.hint);
      return exit_failed;
    }
    report(tool, error.what(), "");
    return exit_failed;
  }
}

}  // namespace

void set_up(CLI::App& app, const std::string& summary, const std::string& examples,
            const std::set<std::string>& together) {
  app.parse_complete_callback([&app, together] {
    const base::Launch launch = base::launched();
    for (const CLI::App* chosen : app.get_subcommands()) {
      if (launch.size == 1) check_outputs(*chosen);  // several look at them together, in the work
      if (launch.size == 1 || together.contains(chosen->get_name())) continue;
      if (launch.rank > 0) {  // the first one says it
        base::let_another_speak();
        throw base::Silent(exit_user_error);
      }
      throw base::UserError(
          chosen->get_name(), fmt::format("works as one process, but {} started {}", launch.by, launch.size),
          together.empty() ? "start it without " + launch.by
                           : fmt::format("start it without {}; several processes can share: {}", launch.by,
                                         fmt::join(together, ", ")));
    }
  });
  app.description(summary);
  app.set_version_flag("--version", std::string(FRUGAL_VERSION));
  app.footer(examples);
  app.get_formatter()->column_width(34);
}

int run_main(int argc, char** argv, const std::string& tool, const std::function<void(CLI::App&)>& build) {
  base::end_without_memory_by_itself(tool);
  base::explain_crashes_without_memory(tool);
  base::keep_to_group_memory();
  base::watch_for_stop(tool);
  install_signal_handlers();
  std::signal(SIGPIPE, SIG_DFL);  // a downstream tool that closes the pipe ends us quietly
  CLI::App app("", tool);
  build(app);
  const int code = parse_and_run(app, argc, argv, tool);
  if (std::fflush(stdout) != 0) {
    report(tool, "standard output: cannot write", "is the disk full?");
    return exit_failed;
  }
  return code;
}

}  // namespace frugal::cli
