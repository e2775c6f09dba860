// Errors. A UserError is the user's input being wrong: it has a place (file, JSON path or line), what is
// wrong with the value, and where possible a hint at what would be right. It is thrown anywhere and caught
// once, in cli::run_main, which prints it and ends with exit code 2. FRUGAL_ASSERT is for our own mistakes,
// never for input, and stays on in release.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace frugal::base {

class UserError : public std::runtime_error {
 public:
  // place: "runs.csv:12" or "configs/a.json:/fit/huber_delta"; empty where there is none.
  UserError(std::string place, std::string message, std::string hint = "");

  const std::string& place() const { return place_; }
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }

 private:
  std::string place_, message_, hint_;
};

// It failed for a reason that is not the user's input: a full disk, a lost file. Exit code 1.
class Failure : public std::runtime_error {
 public:
  explicit Failure(const std::string& message, std::string hint = "")
      : std::runtime_error(message), hint_(std::move(hint)) {}
  const std::string& hint() const { return hint_; }

 private:
  std::string hint_;
};

// A signal asked the work to stop and it stopped at a safe place, after its checkpoint. Exit code 128 + n.
class Interrupted : public std::runtime_error {
 public:
  explicit Interrupted(int signal_number);
  int signal_number() const { return signal_number_; }

 private:
  int signal_number_;
};

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line,
                                   const std::string& message);

// "unknown law 'rosenfold'" + candidates -> "did you mean 'rosenfeld'?", or the list where nothing is near.
std::string suggest(const std::string& given, const std::vector<std::string>& candidates);

}  // namespace frugal::base

#define FRUGAL_ASSERT(expression, message) \
  ((expression) ? (void)0 : ::frugal::base::assertion_failed(#expression, __FILE__, __LINE__, (message)))
