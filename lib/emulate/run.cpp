#include "emulate/run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"
#include "base/progress.h"
#include "emulate/check.h"
#include "emulate/report.h"
#include "emulate/scores.h"
#include "emulate/target.h"

namespace frugal::emulate {
namespace {

using Ordered = nlohmann::ordered_json;

// A file that is there for one run, beside what is built.
class StreamFile {
 public:
  StreamFile(const Compiled& compiled, const Lesson& lesson)
      : path_(compiled.folder + "/build/stream-" + std::to_string(::getpid()) + ".bin") {
    base::make_folder(compiled.folder + "/build");
    base::write_text(path_, stream_of(lesson, compiled));
  }
  ~StreamFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  StreamFile(const StreamFile&) = delete;
  StreamFile& operator=(const StreamFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Says on standard error how accuracy rises.
class Watcher {
 public:
  Watcher(const Lesson& lesson, const RunOptions& options)
      : lesson_(lesson),
        options_(options),
        name_(device::name_of(options.target)),
        bar_(name_, static_cast<std::int64_t>(lesson.turns.size()), options.quiet) {}

  void take(const Answer& answer) {
    if (at_ == lesson_.turns.size()) return;  // require_answers will say so
    const Turn& turn = lesson_.turns[at_++];
    if (lesson_.quantile) answers_.push_back(answer);
    if (answer.remember) return;
    const int right = answer.predicted == answer.label ? 1 : 0;
    if (answer.learn) {
      ++learnt_;
      learnt_right_ += right;
      if (options_.every > 0 && !lesson_.quantile && learnt_ % options_.every == 0) {
        say(fmt::format("learnt {}: {} of the last {} right before they were learnt", learnt_,
                        learnt_right_ - right_before_, options_.every));
        right_before_ = learnt_right_;
      }
    } else {
      ++predicted_;
      predicted_right_ += right;
      const bool last =
          at_ == lesson_.turns.size() || lesson_.turns[at_].learn || lesson_.turns[at_].point != turn.point;
      if (last) end_point();
    }
    bar_.update(static_cast<std::int64_t>(at_), note_);
  }
  void finish() { bar_.finish(note_); }

 private:
  void end_point() {
    if (lesson_.quantile) {
      const quant::Detection last = detections(lesson_, answers_).back();
      note_ = fmt::format("AUC {:.3f}", last.auc.value_or(0.5));
    } else {
      note_ = fmt::format("accuracy {:.1f} %",
                          100.0 * static_cast<double>(predicted_right_) / static_cast<double>(predicted_));
    }
    say(fmt::format("learnt {}: {} of {} others", learnt_, note_, predicted_));
    predicted_ = predicted_right_ = 0;
  }
  void say(const std::string& text) const {
    if (options_.quiet) return;
    fmt::print(stderr, "{}{}: {}\n", ::isatty(STDERR_FILENO) == 1 ? "\r\033[K" : "", name_,
               base::printable(text));
  }

  const Lesson& lesson_;
  const RunOptions& options_;
  std::string name_, note_;
  base::Progress bar_;
  std::vector<Answer> answers_;  // of an auto-encoder
  std::size_t at_ = 0;
  std::int64_t learnt_ = 0, learnt_right_ = 0, right_before_ = 0, predicted_ = 0, predicted_right_ = 0;
};

std::map<std::int64_t, std::uint64_t> profiled(const Compiled& compiled, const Lesson& lesson,
                                               const RunOptions& options) {
  const Board board{options.target, true, options.compiler};
  build(compiled, board);
  const StreamFile stream(compiled, first_step(lesson));
  return run(compiled, board, stream.path(), "", nullptr).calls;
}

void check_options(const Lesson& lesson, const RunOptions& options) {
  if (options.target == device::Target::host && options.budget.limited())
    throw base::UserError("--target", "the host measures neither memory nor instructions",
                          "a budget needs a board: m3, m4, m7, m55 or rv32");
  if (options.target == device::Target::host && options.profile)
    throw base::UserError("--profile", "the host counts no instructions", "--target m3, m4, m7, m55 or rv32");
  if (lesson.learnt() == 0 && (options.profile || options.budget.instructions >= 0))
    throw base::UserError("--profile", "no sample is learnt: a training step cannot be counted");
}

std::int64_t most_of_a_step(const Output& output) {
  std::uint64_t most = 0;
  for (const Answer& answer : output.answers)
    if (answer.learn) most = std::max(most, answer.instructions);
  return static_cast<std::int64_t>(most);
}

}  // namespace

Ordered run_lesson(const Compiled& compiled, const Lesson& lesson, const RunOptions& options) {
  check_options(lesson, options);
  const Board board{options.target, false, options.compiler};
  build(compiled, board);
  const StreamFile stream(compiled, lesson);
  Watcher watcher(lesson, options);
  const Output output =
      run(compiled, board, stream.path(), options.state, [&](const Answer& answer) { watcher.take(answer); });
  watcher.finish();
  Ordered result = to_json(compiled, lesson, output, options.target);
  require_planned_memory(compiled, output, options.target);
  Spent spent{output.memory, most_of_a_step(output), {}};
  const bool too_slow =
      options.budget.instructions >= 0 && spent.step_instructions > options.budget.instructions;
  if (options.profile || too_slow) spent.calls = profiled(compiled, lesson, options);
  if (options.profile) {
    result["layers"] = Ordered::array();
    for (const LayerCost& layer : layers_of(compiled, spent.calls))
      result["layers"].push_back({{"node", layer.node},
                                  {"operator", layer.op},
                                  {"pass", layer.pass},
                                  {"instructions", layer.instructions}});
  }
  if (options.check) {
    check(compiled, lesson, output);
    result["check"] = {{"samples", lesson.turns.size()}, {"equal", true}};
  }
  require_within(options.budget, spent, compiled);
  return result;
}

}  // namespace frugal::emulate
