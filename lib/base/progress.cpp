#include "base/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>

#include "base/printable.h"

namespace frugal::base {

std::string human_duration(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} m {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} m", whole / 3600, whole % 3600 / 60);
}

std::string human_count(double value) {
  constexpr std::array<const char*, 7> units = {"", " k", " M", " G", " T", " P", " E"};
  std::size_t unit = 0;
  double scaled = std::fabs(value);
  while (scaled >= 999.5 && unit + 1 < units.size()) {
    scaled /= 1000;
    ++unit;
  }
  return fmt::format("{}{:.3g}{}", value < 0 ? "-" : "", scaled, units[unit]);
}

void log_note(const std::string& tool, const std::string& text) {
  fmt::print(stderr, "{}: {}\n", tool, printable(text));
}

Progress::Progress(std::string label, std::int64_t total, bool quiet)
    : label_(std::move(label)),
      total_(total),
      quiet_(quiet),
      terminal_(::isatty(STDERR_FILENO) == 1),
      started_(Clock::now()),
      drawn_(started_) {}

Progress::~Progress() {
  if (!quiet_ && terminal_ && !finished_ && first_done_ >= 0) std::fputc('\n', stderr);
}

void Progress::update(std::int64_t done, const std::string& note) {
  if (quiet_) return;
  if (first_done_ < 0) first_done_ = done;
  const auto now = Clock::now();
  const auto interval = terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(10000);
  if (now - drawn_ < interval) return;
  drawn_ = now;
  draw(done, note, false);
}

void Progress::finish(const std::string& note) {
  if (quiet_ || finished_) return;
  finished_ = true;
  draw(total_, note, true);
}

void Progress::draw(std::int64_t done, const std::string& note, bool last) {
  const double elapsed = std::chrono::duration<double>(Clock::now() - started_).count();
  std::string text = label_;
  if (total_ > 0) {
    const double share = static_cast<double>(done) / static_cast<double>(total_);
    if (terminal_) {
      const int filled = static_cast<int>(std::lround(share * 24));
      text += fmt::format(" [{:=<{}}{:<{}}]", "", filled, "", 24 - filled);
    }
    text += fmt::format(" {}/{}", done, total_);
    const std::int64_t here = done - std::max<std::int64_t>(first_done_, 0);
    if (last) {
      text += fmt::format(" in {}", human_duration(elapsed));
    } else if (here > 0) {
      text += fmt::format(", {} left", human_duration(elapsed * static_cast<double>(total_ - done) /
                                                      static_cast<double>(here)));
    }
  } else if (done > 0) {
    text += fmt::format(" {}", done);
  }
  if (!note.empty()) text += ", " + note;
  text = printable(text);
  if (terminal_) {
    fmt::print(stderr, "\r\033[K{}{}", text, last ? "\n" : "");
  } else {
    fmt::print(stderr, "{}\n", text);
  }
  std::fflush(stderr);
}

}  // namespace frugal::base
