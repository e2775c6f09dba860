#include "base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <numeric>

namespace frugal::base {
namespace {

// Edit distance with transpositions of neighbours counted once ("lamdba"); `most` where it is no less. One
// for many texts: it keeps its three rows.
class EditDistance {
 public:
  std::size_t operator()(const std::string& a, const std::string& b, std::size_t most) {
    for (std::vector<std::size_t>& row : rows_) row.resize(b.size() + 1);
    std::iota(now().begin(), now().end(), std::size_t{0});
    std::size_t least_before = 0;
    for (std::size_t i = 1; i <= a.size(); ++i) {
      std::rotate(rows_.begin(), rows_.begin() + 1, rows_.end());
      const std::vector<std::size_t>&two_above = rows_[0], &above = rows_[1];
      now()[0] = i;
      std::size_t least = i;
      for (std::size_t j = 1; j <= b.size(); ++j) {
        std::size_t d =
            std::min({above[j] + 1, now()[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
          d = std::min(d, two_above[j - 2] + 1);
        now()[j] = d;
        least = std::min(least, d);
      }
      if (std::min(least, least_before + 1) >= most) return most;  // what follows comes from these two rows
      least_before = least;
    }
    return std::min(now().back(), most);
  }

 private:
  std::vector<std::size_t>& now() { return rows_[2]; }
  std::array<std::vector<std::size_t>, 3> rows_;
};

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
  EditDistance edit_distance;
  std::size_t best_distance = std::max<std::size_t>(2, given.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t longer = std::max(given.size(), candidate.size());
    if (longer - std::min(given.size(), candidate.size()) >= best_distance) continue;  // a key may be huge
    const std::size_t distance = edit_distance(given, candidate, best_distance);
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
