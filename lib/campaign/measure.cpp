#include "campaign/measure.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/launch.h"
#include "base/memory_limit.h"
#include "base/printable.h"
#include "base/progress.h"
#include "base/stop.h"
#include "base/stop_watch.h"
#include "campaign/claims.h"

namespace frugal::campaign {
namespace {

using base::UserError;
using Json = nlohmann::json;

constexpr const char* name_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::string out_of(const MeasureConfig& config, const std::string& id) { return config.folder + "/" + id; }

std::string fill(const std::string& pattern, const Json& line, const MeasureConfig& config,
                 const std::string& place) {
  std::string out;
  for (std::size_t at = 0; at < pattern.size();) {
    const std::size_t end = pattern[at] == '{' ? pattern.find('}', at) : std::string::npos;
    const std::string name = end == std::string::npos ? "" : pattern.substr(at + 1, end - at - 1);
    // Braces around anything but a name (JSON or shell text in a command) stay as they are.
    if (name.empty() || name.find_first_not_of(name_characters) != std::string::npos) {
      out += pattern[at++];
      continue;
    }
    if (name == "out") {
      out += out_of(config, line["id"].get<std::string>());
    } else if (line.contains(name)) {
      out += text_of(line[name]);
    } else {
      std::vector<std::string> known = {"out"};
      for (const auto& [key, value] : line.items()) known.push_back(key);
      throw UserError(place + ":/command",
                      fmt::format("'{{{}}}' stands for nothing in run '{}'", name, text_of(line["id"])),
                      base::suggest(name, known));
    }
    at = end + 1;
  }
  return out;
}

// Ids that the trainer's file has, as it grows. A half line of a killed trainer counts for nothing.
class FinishedRuns {
 public:
  explicit FinishedRuns(const MeasureConfig& config)
      : path_(config.runs.empty() ? config.folder + "/runs.jsonl" : config.runs), key_(config.done_key) {}

  bool contains(const std::string& id) {
    std::error_code absent;
    const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path_, absent));
    if (absent || size == read_) return ids_.contains(id);
    if (size < read_) read_ = 0;  // another file of this name
    std::ifstream in(path_);
    in.seekg(read_);
    for (std::string line; std::getline(in, line);) {
      const Json json = Json::parse(line, nullptr, false);
      if (json.is_object() && json.contains(key_)) ids_.insert(text_of(json[key_]));
      if (!in.eof()) read_ = in.tellg();
    }
    return ids_.contains(id);
  }

 private:
  std::string path_, key_;
  std::streamoff read_ = 0;  // up to here, at the end of a line
  std::set<std::string> ids_;
};

std::string last_lines(const std::string& path, std::int64_t count) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::string out;
  const std::size_t first =
      lines.size() > static_cast<std::size_t>(count) ? lines.size() - static_cast<std::size_t>(count) : 0;
  for (std::size_t i = first; i < lines.size(); ++i) out += "  | " + lines[i] + "\n";
  return out;
}

// While it lives, the end of a child wakes wait() at once, and nothing else hears of it.
class EndOfChildren {
 public:
  EndOfChildren() {
    sigemptyset(&ended_);
    sigaddset(&ended_, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &ended_, &before_);
  }
  ~EndOfChildren() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  EndOfChildren(const EndOfChildren&) = delete;
  EndOfChildren& operator=(const EndOfChildren&) = delete;

  // Until a child ended (since the last wait, too), a signal came, or it is time to show the progress again.
  void wait() const {
    const timespec pause{0, 200'000'000};
    sigtimedwait(&ended_, nullptr, &pause);
  }
  const sigset_t& before() const { return before_; }

 private:
  sigset_t ended_{}, before_{};
};

pid_t start(const std::vector<std::string>& command, const std::string& log, const sigset_t& mask,
            int claim) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&actions, claim, claim);  // the child has it too
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &mask);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = -1;
  // A trainer is one process, though this one may be a launcher's one of several.
  std::vector<std::string> alone = base::environment_alone();
  std::vector<char*> environment;
  for (std::string& variable : alone) environment.push_back(variable.data());
  environment.push_back(nullptr);
  const base::UnkeptMemory own;
  const int problem =
      posix_spawnp(&child, arguments[0], &actions, &attributes, arguments.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) {
    throw UserError(command[0], fmt::format("cannot be started: {}", std::strerror(problem)),
                    "the first word of `command` is a program, by path or in PATH");
  }
  return child;
}

std::string how_it_ended(int status) {
  return WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                             : fmt::format("exit code {}", WEXITSTATUS(status));
}

// Children are told to stop, so that they write their checkpoints, and are waited for.
[[noreturn]] void pass_on_and_stop(const std::map<pid_t, std::string>& running) {
  const base::FinishFirst children_end;
  const int signal_number = base::stop_signal();
  for (const auto& [child, id] : running) kill(child, signal_number);
  for (const auto& [child, id] : running) {
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  throw base::Interrupted(signal_number);
}

}  // namespace

void MeasureConfig::visit(config::Visitor& v) {
  v.field("command", command,
          "words of the command; {id}, {out}, {seed}, {width} … stand for a run's values, {set} for "
          "its --set path=value");
  v.field("folder", folder, "{out} is folder/id, the log folder/id.log");
  v.field("runs", runs, "file to which the command appends a JSON line a run; empty: folder/runs.jsonl");
  v.field("done_key", done_key, "field of those lines that holds the run's id");
  v.field("parallel", parallel, config::between(1, 1024), "runs at a time");
  v.field("log_lines", log_lines, config::between(0, 1000),
          "last lines shown of the log of a run that failed");
}

std::vector<std::string> command_for(const Json& line, const MeasureConfig& config,
                                     const std::string& place) {
  std::vector<std::string> words;
  for (const std::string& word : config.command) {
    if (word != "{set}") {
      words.push_back(fill(word, line, config, place));
      continue;
    }
    for (const Json& setting : line.value("set", Json::array())) {
      words.emplace_back("--set");
      words.push_back(text_of(setting));
    }
  }
  return words;
}

namespace {

struct WaitingRun {
  std::string id;
  std::vector<std::string> command;
};

// The runs that are not finished; counts the others. Every line is checked before anything is started.
std::vector<WaitingRun> what_is_left(const std::vector<Json>& lines, const MeasureConfig& config,
                                     const std::string& place, FinishedRuns& finished,
                                     MeasureOutcome& outcome) {
  std::set<std::string> seen;
  std::vector<WaitingRun> waiting;
  for (const Json& line : lines) {
    const bool named = line.is_object() && line.contains("id") && line["id"].is_string();
    const std::string id = named ? line["id"].get<std::string>() : "";
    if (id.empty() || id.find('/') != std::string::npos || id[0] == '.') {
      throw UserError(place, "a run needs an id that can name a folder, got " + line.dump().substr(0, 60),
                      "`scalefit design` writes such lines");
    }
    if (!seen.insert(id).second) throw UserError(place, fmt::format("id '{}' is there twice", id));
    std::vector<std::string> command = command_for(line, config, place);
    if (finished.contains(id)) {
      ++outcome.done_before;
    } else {
      waiting.push_back({id, std::move(command)});
    }
  }
  return waiting;
}

std::vector<std::string> ids_of(const std::vector<WaitingRun>& runs) {
  std::vector<std::string> ids;
  for (const WaitingRun& run : runs) ids.push_back(run.id);
  return ids;
}

void note_end(const std::string& id, int status, const MeasureConfig& config, Claims& claims,
              MeasureOutcome& outcome) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    claims.worked(id);
    ++outcome.done;
    return;
  }
  claims.failed(id);
  outcome.failed.push_back(id);
  const std::string log = out_of(config, id) + ".log";
  fmt::print(stderr, "scalefit: run '{}' failed ({}); the end of {}:\n{}", id, how_it_ended(status), log,
             base::printable(last_lines(log, config.log_lines)));
}

}  // namespace

MeasureOutcome measure_runs(const std::vector<Json>& lines, const MeasureConfig& config,
                            const std::string& place, bool quiet) {
  if (config.command.empty()) {
    throw UserError(place + ":/command", "is empty",
                    "for example [\"nas-search\", \"train\", \"{set}\", \"--out\", \"{out}\"]");
  }
  base::make_folder(config.folder);
  MeasureOutcome outcome;
  FinishedRuns finished(config);
  std::vector<WaitingRun> waiting = what_is_left(lines, config, place, finished, outcome), passed_over;
  Claims claims(config.folder, ids_of(waiting));
  base::Progress progress("measuring", static_cast<std::int64_t>(lines.size()), quiet);
  const EndOfChildren end_of_children;
  std::map<pid_t, std::string> running;
  std::size_t next = 0;
  bool again = false;
  std::string latest;
  const auto show = [&] {
    progress.update(static_cast<std::int64_t>(outcome.done_before + outcome.done + outcome.failed.size() +
                                              outcome.elsewhere),
                    latest);
  };
  show();
  const auto is_ours = [&](const WaitingRun& run) {
    const Claims::Taken taken = claims.take(run.id);
    if (taken == Claims::Taken::ours && !finished.contains(run.id)) return true;
    if (taken == Claims::Taken::ours) claims.worked(run.id);
    if (taken == Claims::Taken::others && !again) {
      passed_over.push_back(run);
    } else {
      ++outcome.elsewhere;
    }
    return false;
  };
  while (next < waiting.size() || !running.empty() || !passed_over.empty()) {
    if (next == waiting.size() && running.empty()) {
      // What others made when its turn came: one of them may have been killed since.
      waiting = std::exchange(passed_over, {});
      next = 0;
      again = true;
    }
    if (base::stop_signal() != 0) pass_on_and_stop(running);
    while (next < waiting.size() && running.size() < static_cast<std::size_t>(config.parallel)) {
      const WaitingRun& run = waiting[next++];
      if (!is_ours(run)) continue;
      running[start(run.command, out_of(config, run.id) + ".log", end_of_children.before(),
                    claims.descriptor(run.id))] = latest = run.id;
    }
    if (running.empty()) continue;
    int status = 0;
    const pid_t child = waitpid(-1, &status, WNOHANG);
    if (child <= 0) {
      show();
      end_of_children.wait();
      continue;
    }
    const auto found = running.find(child);
    if (found == running.end()) continue;
    note_end(found->second, status, config, claims, outcome);
    running.erase(found);
    show();
  }
  progress.finish(outcome.failed.empty() ? "" : fmt::format("{} failed", outcome.failed.size()));
  return outcome;
}

}  // namespace frugal::campaign
