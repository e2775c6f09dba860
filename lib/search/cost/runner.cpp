#include "search/cost/runner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/memory_limit.h"
#include "base/stop.h"

namespace frugal::search {
namespace {

using base::UserError;

std::string shortened(const std::string& line) {
  return line.size() <= 120 ? line : line.substr(0, 117) + "...";
}

constexpr const char* answer_hint =
    "a runner answers each line with {\"id\": …, \"ms\": …} on standard output";

}  // namespace

Runner::Runner(const std::string& command, double timeout_s) : command_(command), timeout_s_(timeout_s) {
  // A socket, not a pipe: writing to a runner that has died is then an error and no signal.
  int input[2], output[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, input) != 0 || pipe2(output, O_CLOEXEC) != 0) {
    throw base::Failure(std::string("cannot start the runner: ") + std::strerror(errno));
  }
  process_ = fork();
  if (process_ < 0) throw base::Failure(std::string("cannot start the runner: ") + std::strerror(errno));
  if (process_ == 0) {
    setpgid(0, 0);  // so that it can be ended with everything that it started
    dup2(input[1], STDIN_FILENO);
    dup2(output[1], STDOUT_FILENO);
    const base::UnkeptMemory own;
    execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  setpgid(process_, process_);
  close(input[1]);
  close(output[1]);
  to_ = input[0];
  from_ = output[0];
}

Runner::~Runner() {
  if (to_ >= 0) close(to_);
  if (from_ >= 0) close(from_);
  if (process_ <= 0) return;
  for (int i = 0; i < 20; ++i) {
    if (waitpid(process_, nullptr, WNOHANG) == process_) return;
    usleep(10'000);
  }
  kill(-process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

void Runner::died() {
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = -1;
  const std::string how = WIFSIGNALED(status) ? fmt::format("was ended by signal {}", WTERMSIG(status))
                                              : fmt::format("ended with exit code {}", WEXITSTATUS(status));
  throw UserError("--runner", fmt::format("'{}' {} before it answered", command_, how),
                  "what it wrote on standard error stands above; measured operations are kept, --resume goes "
                  "on from them");
}

std::string Runner::read_line() {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::duration<double>(timeout_s_);
  for (;;) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      return line;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) {
      throw UserError("--runner", fmt::format("'{}' gave no answer within {} s", command_, timeout_s_),
                      "give it longer with --set runner_timeout_s=…; measured operations are kept, --resume "
                      "goes on from them");
    }
    pollfd waiting{from_, POLLIN, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::min<long long>(left, 200)));
    base::stop_if_requested();
    if (ready <= 0) continue;
    char bytes[4096];
    const ssize_t count = read(from_, bytes, sizeof bytes);
    if (count == 0) died();
    if (count > 0) buffer_.append(bytes, static_cast<std::size_t>(count));
    if (buffer_.size() > (1 << 20)) {
      throw UserError("--runner", fmt::format("'{}' writes without end of line", command_), answer_hint);
    }
  }
}

double Runner::ask(nlohmann::ordered_json question) { return answer(std::move(question)).ms; }

Runner::Answer Runner::answer(nlohmann::ordered_json question) {
  const std::int64_t id = next_id_++;
  question["id"] = id;
  const std::string line = question.dump() + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t count = send(to_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) died();
    sent += static_cast<std::size_t>(count);
  }
  const std::string text = read_line();
  const auto answer = nlohmann::json::parse(text, nullptr, false);
  if (!answer.is_object()) {
    throw UserError("--runner", fmt::format("'{}' answered no JSON object: {}", command_, shortened(text)),
                    answer_hint);
  }
  if (const auto error = answer.find("error"); error != answer.end()) {
    throw UserError("--runner", fmt::format("'{}' says: {}", command_,
                                            error->is_string() ? error->get<std::string>() : error->dump()));
  }
  if (const auto of = answer.find("id"); of != answer.end() && *of != id) {
    throw UserError("--runner",
                    fmt::format("'{}' answered operation {} when {} was asked", command_, of->dump(), id),
                    answer_hint);
  }
  const auto ms = answer.find("ms");
  if (ms == answer.end() || !ms->is_number() || !std::isfinite(ms->get<double>()) || ms->get<double>() <= 0) {
    throw UserError("--runner",
                    fmt::format("'{}' answered no positive milliseconds: {}", command_, shortened(text)),
                    answer_hint);
  }
  Answer told{ms->get<double>(), {}};
  const auto pieces = answer.find("pieces");
  if (pieces == answer.end()) return told;
  for (const auto& [name, value] : pieces->items()) {
    if (!value.is_number() || !std::isfinite(value.get<double>()) || value.get<double>() < 0) {
      throw UserError(
          "--runner",
          fmt::format("'{}' answered no milliseconds of '{}': {}", command_, name, shortened(value.dump())),
          answer_hint);
    }
    told.pieces[name] = value.get<double>();
  }
  return told;
}

}  // namespace frugal::search
