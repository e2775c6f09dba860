#include "base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <numeric>

namespace frugal::base {
namespace {

// Edit distance with transpositions of neighbours counted once ("lamdba").
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

std::string compose(const std::string& place, const std::string& message) {
  return place.empty() ? message : place + ": " + message;
}

}  // namespace

UserError::UserError(std::string place, std::string message, std::string hint)
    : std::runtime_error(compose(place, message)),
      place_(std::move(place)),
      message_(std::move(message)),
      hint_(std::move(hint)) {}

Interrupted::Interrupted(int signal_number)
    : std::runtime_error(fmt::format("stopped by signal {}", signal_number)), signal_number_(signal_number) {}

void assertion_failed(const char* expression, const char* file, int line, const std::string& message) {
  fmt::print(stderr,
             "internal error: {} ({}:{}: {})\nhint: this is our mistake, not yours; please report it\n",
             message, file, line, expression);
  std::abort();
}

std::string suggest(const std::string& given, const std::vector<std::string>& candidates) {
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(2, given.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t longer = std::max(given.size(), candidate.size());
    if (longer - std::min(given.size(), candidate.size()) >= best_distance) continue;  // a key may be huge
    const std::size_t distance = edit_distance(given, candidate);
    if (distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  if (best != nullptr) return fmt::format("did you mean '{}'?", *best);
  if (candidates.empty()) return "";
  return fmt::format("one of: {}", fmt::join(candidates, ", "));
}

}  // namespace frugal::base
