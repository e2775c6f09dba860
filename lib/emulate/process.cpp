#include "emulate/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "base/error.h"
#include "base/memory_limit.h"
#include "base/stop.h"

namespace frugal::emulate {
namespace {

constexpr std::size_t kept_errors = 4000;
constexpr int look_for_stop_ms = 100;

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw base::Failure("no pipe can be made");
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void close_end(std::size_t which) {
    if (ends_[which] >= 0) ::close(ends_[which]);
    ends_[which] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

// The child and what it starts are a group of their own: make, a shell, the emulator end together.
class Child {
 public:
  Child(const std::vector<std::string>& words, const std::string& where) : name_(words.at(0)) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    id_ = ::fork();
    if (id_ < 0) throw base::Failure(name_ + ": cannot be started: " + std::strerror(errno));
    if (id_ == 0) become(arguments, where);
    ::setpgid(id_, id_);  // whoever comes first, parent or child
    out_.close_end(1);
    errors_.close_end(1);
  }
  ~Child() {
    if (id_ <= 0) return;
    ::kill(-id_, SIGKILL);
    wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int wait() {
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  int out() const { return out_.reader(); }
  int errors() const { return errors_.reader(); }

 private:
  [[noreturn]] void become(const std::vector<char*>& arguments, const std::string& where) const {
    ::setpgid(0, 0);
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(out_.writer(), STDOUT_FILENO);
    ::dup2(errors_.writer(), STDERR_FILENO);
    const base::UnkeptMemory own;
    if (::chdir(where.c_str()) == 0) ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }

  std::string name_;
  Pipe out_, errors_;
  pid_t id_ = -1;
};

// Appends what there is; false at the end.
bool read_some(int from, std::string& to) {
  std::array<char, 4096> bytes;
  const ssize_t count = ::read(from, bytes.data(), bytes.size());
  if (count < 0 && errno == EINTR) return true;
  if (count <= 0) return false;
  to.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

void give_lines(std::string& text, const std::function<void(const std::string&)>& on_line) {
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    on_line(text.substr(begin, end - begin));
  text.erase(0, begin);
}

}  // namespace

Finished run_program(const std::vector<std::string>& words, const std::string& where,
                     const std::function<void(const std::string&)>& on_line) {
  base::stop_if_requested();
  Child child(words, where);
  std::string lines;
  Finished finished;
  bool out_open = true, errors_open = true;
  while (out_open || errors_open) {
    std::array<pollfd, 2> waiting{
        {{out_open ? child.out() : -1, POLLIN, 0}, {errors_open ? child.errors() : -1, POLLIN, 0}}};
    const int ready = ::poll(waiting.data(), waiting.size(), look_for_stop_ms);
    base::stop_if_requested();  // ~Child ends the group
    if (ready <= 0) continue;
    if (waiting[0].revents != 0) out_open = read_some(child.out(), lines);
    if (waiting[1].revents != 0) errors_open = read_some(child.errors(), finished.errors);
    if (finished.errors.size() > kept_errors) finished.errors.erase(0, finished.errors.size() - kept_errors);
    give_lines(lines, on_line);
  }
  if (!lines.empty()) on_line(lines);
  finished.exit_code = child.wait();
  if (finished.exit_code == 127 && finished.errors.empty())
    throw base::Failure(words.at(0) + ": cannot be started in " + where);
  return finished;
}

bool has_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::stringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((folder + "/" + name).c_str(), X_OK) == 0) return true;
  return false;
}

}  // namespace frugal::emulate
