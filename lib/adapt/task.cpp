#include "adapt/task.h"

#include <algorithm>

#include "adapt/head.h"
#include "adapt/samples.h"
#include "base/error.h"
#include "ir/model.h"
#include "sparse/fisher.h"

namespace frugal::adapt {

using base::UserError;

Images open_images(const AdaptConfig& config, const ir::Graph& graph) {
  Images images;
  images.validates = config.data.validation > 0;
  const auto training = open_examples(config.data, samples::Split::train);
  const auto held_out =
      open_examples(config.data, images.validates ? samples::Split::validation : samples::Split::test);
  config.anomaly.check(training->class_count());
  const std::vector<std::size_t> few =
      usual_ones(*training, few_of_each(*training, config.shots, config.seed), config.anomaly);
  images.training = samples_of(*training, few, graph, config.network);
  config.stream.check(training->class_count());
  quant::Samples all =
      samples_of(*held_out, balanced_part(*held_out, config.held_out), graph, config.network);
  images.part =
      samples_of(*held_out, balanced_part(*held_out, config.evaluate_images), graph, config.network);
  if (config.anomaly.used()) {
    const std::size_t most =
        config.evaluate_images == 0 ? few.size() : static_cast<std::size_t>(config.evaluate_images);
    images.usual = samples_of(
        *training, {few.begin(), few.begin() + static_cast<std::ptrdiff_t>(std::min(most, few.size()))},
        graph, config.network);
    for (quant::Samples* samples : {&images.training, &images.usual, &images.part, &all})
      quant::relabel(*samples, config.anomaly);
    quant::require_both_kinds(all.labels);
  }
  if (!config.stream.used()) {
    images.held_out.push_back(std::move(all));
    return images;
  }
  std::vector<std::int64_t> classes = config.stream.known;
  classes.insert(classes.end(), config.stream.order.begin(), config.stream.order.end());
  for (std::int64_t c = 0; c < training->class_count(); ++c) {
    const bool there = std::count(classes.begin(), classes.end(), c) > 0;
    images.held_out.push_back(samples_of_classes(all, there ? std::vector{c} : std::vector<std::int64_t>{}));
  }
  images.part = samples_of_classes(images.part, classes);
  return images;
}

Batches batches_of(const AdaptConfig& config, const quant::Samples& training) {
  const auto seed = static_cast<std::uint64_t>(config.seed);
  if (!config.stream.used()) return {training.size(), config.method, seed};
  std::vector<std::vector<std::size_t>> tasks;
  for (const std::vector<std::int64_t>& classes : config.stream.tasks()) {
    tasks.push_back(places_of_classes(training, classes));
    if (tasks.back().empty())
      throw UserError("stream.order", "the data has no images of class " + std::to_string(classes.front()));
  }
  return {std::move(tasks), config.method, seed};
}

ir::Model start_of(const AdaptConfig& config, const ir::Model& model, const quant::Samples& training) {
  const StreamConfig& stream = config.stream;
  if (config.head == "grow")
    return with_grown_head(model, stream.known, training.class_count, config.network);
  if (config.head != "means" || !stream.used())
    return with_head(model, config.head, training, config.seed, config.network);
  if (stream.known.empty())
    throw UserError("head", "means: no class is known before the stream", "give stream.known, or head: new");
  const quant::Samples known = samples_of_classes(training, stream.known);
  return with_head(model, config.head, known, config.seed, config.network);
}

void remember_known(const AdaptConfig& config, const quant::Samples& training, Learner& learner) {
  if (learner.memory() == nullptr || config.stream.known.empty()) return;
  const std::vector<std::size_t> places = places_of_classes(training, config.stream.known);
  const quant::Samples known = samples_of_classes(training, config.stream.known);
  const auto capacity = static_cast<std::int64_t>(learner.memory()->buffer().capacity());
  std::vector<std::size_t> few =
      sparse::few_samples(known, capacity, static_cast<std::uint64_t>(config.seed));
  for (std::size_t& place : few) place = places[place];
  learner.remember(training, few);
}

}  // namespace frugal::adapt
