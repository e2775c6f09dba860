#include "teach/choose.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "adapt/batches.h"
#include "adapt/samples.h"
#include "base/error.h"
#include "base/stop.h"
#include "emulate/run.h"
#include "ir/model.h"
#include "sparse/fisher.h"
#include "teach/lesson.h"

namespace frugal::teach {
namespace {

constexpr double instructions_in_reach = 16e9, most_epochs = 10, rate_without_trial = 0.003;
constexpr double rates[] = {0.001, 0.003, 0.01, 0.03, 0.1};
constexpr std::size_t held_back = 4;  // every fourth of a class

struct Parts {
  std::vector<std::size_t> learnt, held;
};

Parts parted(const quant::Samples& samples) {
  Parts parts;
  std::vector<std::size_t> seen(static_cast<std::size_t>(samples.class_count));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::size_t rank = ++seen[static_cast<std::size_t>(samples.labels[i])];
    (rank % held_back == 2 ? parts.held : parts.learnt).push_back(i);
  }
  return parts;
}

quant::Samples only(const quant::Samples& all, const std::vector<std::size_t>& which) {
  quant::Samples some;
  some.image_bytes = all.image_bytes;
  some.class_count = all.class_count;
  for (const std::size_t i : which) {
    const auto image = all.image(i);
    some.images.insert(some.images.end(), image.begin(), image.end());
    some.labels.push_back(all.labels[i]);
  }
  return some;
}

RateTrial tried(const emulate::Compiled& compiled, const ir::Model& start, const RunConfig& config,
                const quant::Samples& learnt, const quant::Samples& held, double rate) {
  adapt::MethodConfig method;
  method.batch_size = 1;
  method.epochs = config.epochs;
  method.schedule = config.schedule;
  method.schedule.lr_peak = rate;
  adapt::Batches batches(learnt.size(), method, static_cast<std::uint64_t>(config.seed));
  RateTrial trial{rate, std::numeric_limits<double>::infinity(), 0};
  try {
    quant::Trainer trainer(start, compiled.trained, compiled.method, compiled.folder + "/model");
    for (std::int64_t step = 0; step < batches.total_steps(); ++step) {
      base::stop_if_requested();
      trainer.step(learnt, batches.of_step(step), batches.learning_rate(step));
    }
    const quant::Score score = trainer.evaluate(held);
    trial.accuracy = score.accuracy();
    if (std::isfinite(score.loss)) trial.loss = score.loss;
  } catch (const base::Failure&) {  // no finite number any more
  }
  return trial;
}

}  // namespace

double epochs_in_reach(const emulate::Compiled& compiled, const RunConfig& config) {
  if (compiled.target == device::Target::host) return most_epochs;
  RunConfig one = config;
  one.epochs = 1;
  one.evaluate_every = 0;
  const emulate::Lesson lesson = lesson_of(one, compiled);
  emulate::Lesson counted = emulate::first_step(lesson);
  counted.turns.push_back({counted.turns.front().sample, false, 0, 0});
  counted.points = {1};
  emulate::RunOptions quiet;
  quiet.target = compiled.target;
  quiet.quiet = true;
  const auto result = emulate::run_lesson(compiled, counted, quiet);
  const auto mean = [&](const char* what) {
    return static_cast<double>(result["instructions"][what]["mean"].get<std::int64_t>());
  };
  const auto learnt = static_cast<double>(lesson.learnt());
  const double predicted = static_cast<double>(lesson.turns.size()) - learnt;
  const double left = instructions_in_reach - predicted * mean("inference");
  const double between = static_cast<double>(config.evaluate_images) * mean("inference");
  const double epochs = left / (learnt * mean("step") + between);
  return std::clamp(std::floor(epochs * 4) / 4, 0.25, most_epochs);
}

ChosenRate choose_rate(const emulate::Compiled& compiled, const RunConfig& config, bool class_means) {
  const auto training = adapt::open_examples(config.data, samples::Split::train);
  const quant::Samples all =
      adapt::samples_of(*training, adapt::few_of_each(*training, config.shots, config.seed),
                        compiled.start->graph, compiled.folder + "/model");
  const Parts parts = parted(all);
  ChosenRate chosen{rate_without_trial, {}};
  if (parts.held.empty()) return chosen;
  const quant::Samples learnt = only(all, parts.learnt), held = only(all, parts.held);
  ir::Model start = *compiled.start;
  if (class_means) {
    std::vector<std::size_t> every(learnt.size());
    std::iota(every.begin(), every.end(), std::size_t{0});
    start = sparse::with_class_means(start, learnt, every, compiled.folder + "/model");
  }
  for (const double rate : rates) chosen.trials.push_back(tried(compiled, start, config, learnt, held, rate));
  const auto best = std::min_element(chosen.trials.begin(), chosen.trials.end(), [](auto& a, auto& b) {
    return a.accuracy != b.accuracy ? a.accuracy > b.accuracy : a.loss < b.loss;
  });
  if (std::isfinite(best->loss)) chosen.rate = best->rate;
  return chosen;
}

}  // namespace frugal::teach
