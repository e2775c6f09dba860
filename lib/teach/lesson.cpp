#include "teach/lesson.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "adapt/batches.h"
#include "adapt/samples.h"
#include "base/error.h"
#include "ir/model.h"

namespace frugal::teach {
namespace {

class Builder {
 public:
  Builder(const RunConfig& config, const emulate::Compiled& compiled)
      : config_(config), compiled_(compiled) {}

  emulate::Lesson built() {
    const auto split = config_.data.validation > 0 ? samples::Split::validation : samples::Split::test;
    const auto training = adapt::open_examples(config_.data, samples::Split::train);
    const auto held_out = adapt::open_examples(config_.data, split);
    check_task(training->class_count());
    const Range learnt = added(
        *training, adapt::usual_ones(*training, adapt::few_of_each(*training, config_.shots, config_.seed),
                                     config_.anomaly));
    const Range all = added(*held_out, adapt::balanced_part(*held_out, config_.held_out));
    const bool between = config_.evaluate_every > 0 && config_.epochs > config_.evaluate_every;
    const Range some =
        between ? added(*held_out, adapt::balanced_part(*held_out, config_.evaluate_images)) : Range{};
    if (config_.anomaly.used()) {
      quant::relabel(lesson_.samples, config_.anomaly);
      quant::require_both_kinds(std::span(lesson_.samples.labels).subspan(all.begin, all.end - all.begin));
      lesson_.quantile = config_.anomaly.quantile;
      usual_ = {learnt.begin, std::min(learnt.end, learnt.begin + (all.end - all.begin))};
    }
    predict(all);
    if (config_.epochs > 0) {
      learn(without_known(learnt), some);
      predict(all);
    }
    return std::move(lesson_);
  }

 private:
  struct Range {
    std::size_t begin = 0, end = 0;
  };

  Range added(const adapt::Examples& examples, const std::vector<std::size_t>& which) {
    const quant::Samples more =
        adapt::samples_of(examples, which, compiled_.start->graph, compiled_.folder + "/model");
    quant::Samples& all = lesson_.samples;
    const std::size_t begin = all.size();
    all.image_bytes = more.image_bytes;
    all.class_count = more.class_count;
    all.images.insert(all.images.end(), more.images.begin(), more.images.end());
    all.labels.insert(all.labels.end(), more.labels.begin(), more.labels.end());
    return {begin, all.size()};
  }

  void check_task(std::int64_t class_count) const {
    config_.anomaly.check(class_count);
    if (config_.anomaly.used() == compiled_.autoencodes()) return;
    throw base::UserError(
        "anomaly.normal",
        compiled_.autoencodes() ? "is not given, and " + compiled_.folder + " is an auto-encoder"
                                : "is what an auto-encoder learns, and " + compiled_.folder + " is none",
        compiled_.autoencodes() ? "anomaly.normal=[0]: class 0 is usual" : "compile it with head: none");
  }

  void predict(Range range) {
    for (std::size_t i = usual_.begin; i < usual_.end; ++i) {
      lesson_.turns.push_back({i, false, 0, lesson_.points.size()});
      lesson_.turns.back().training = true;
    }
    for (std::size_t i = range.begin; i < range.end; ++i)
      lesson_.turns.push_back({i, false, 0, lesson_.points.size()});
    lesson_.points.push_back(learnt_);
  }

  // Those of the range that are learnt; samples of classes that the network knows are remembered.
  std::vector<std::size_t> without_known(Range range) {
    const std::vector<std::int64_t>& known = config_.known;
    if (!known.empty() && !compiled_.replay)
      throw base::UserError("known", "goes into a replay buffer, which " + compiled_.folder + " has not",
                            "compile it with replay.bytes");
    for (const std::int64_t label : known) {
      if (label >= lesson_.samples.class_count)
        throw base::UserError("known", "names class " + std::to_string(label) + " of " +
                                           std::to_string(lesson_.samples.class_count));
    }
    std::vector<std::size_t> fresh;
    for (std::size_t i = range.begin; i < range.end; ++i) {
      if (std::find(known.begin(), known.end(), lesson_.samples.labels[i]) == known.end()) {
        fresh.push_back(i);
      } else {
        emulate::Turn turn{i, false, 0, 0};
        turn.remember = true;
        lesson_.turns.push_back(turn);
      }
    }
    if (fresh.empty()) throw base::UserError("known", "leaves no class to be learnt");
    return fresh;
  }

  void learn(const std::vector<std::size_t>& learnt, Range some) {
    adapt::MethodConfig method;
    method.batch_size = 1;
    method.epochs = config_.epochs;
    method.schedule = config_.schedule;
    adapt::Batches batches(learnt.size(), method, static_cast<std::uint64_t>(config_.seed));
    const auto each =
        std::max<std::int64_t>(1, std::llround(config_.evaluate_every * static_cast<double>(learnt.size())));
    for (std::int64_t step = 0; step < batches.total_steps(); ++step) {
      lesson_.turns.push_back({learnt[batches.of_step(step).front()], true, batches.learning_rate(step), 0});
      ++learnt_;
      if (some.end > some.begin && learnt_ % each == 0 && step + 1 < batches.total_steps()) predict(some);
    }
  }

  const RunConfig& config_;
  const emulate::Compiled& compiled_;
  emulate::Lesson lesson_;
  Range usual_;  // of an auto-encoder: learnt samples that its threshold is from
  std::int64_t learnt_ = 0;
};

}  // namespace

emulate::Lesson lesson_of(const RunConfig& config, const emulate::Compiled& compiled) {
  return Builder(config, compiled).built();
}

}  // namespace frugal::teach
