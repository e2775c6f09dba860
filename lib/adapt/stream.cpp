#include "adapt/stream.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace frugal::adapt {
namespace {

using Ordered = nlohmann::ordered_json;

Ordered number_or_null(const std::optional<double>& value) { return value ? Ordered(*value) : Ordered(); }

}  // namespace

void StreamConfig::visit(config::Visitor& v) {
  v.field(
      "known", known, config::at_least(0),
      "classes that the network knows: they do not come again, and fill the replay buffer before it starts");
  v.field("order", order, config::at_least(0),
          "classes in the order in which they come, one after the other; empty: all classes, mixed");
  v.field("classes_per_task", classes_per_task, config::at_least(1), "classes that come together, mixed");
}

void StreamConfig::check(std::int64_t class_count) const {
  if (!used()) {
    if (!known.empty() || classes_per_task != StreamConfig().classes_per_task)
      throw base::UserError("stream", "has no effect without classes that come", "give stream.order");
    return;
  }
  std::vector<std::int64_t> times(static_cast<std::size_t>(class_count), 0);
  for (const auto& [name, list] : {std::pair{"stream.known", &known}, std::pair{"stream.order", &order}}) {
    for (const std::int64_t one : *list) {
      if (one >= class_count)
        throw base::UserError(name, "names class " + std::to_string(one) +
                                        ", but the data has classes 0 to " + std::to_string(class_count - 1));
      if (++times[static_cast<std::size_t>(one)] > 1)
        throw base::UserError(name, "names class " + std::to_string(one) + " twice",
                              "a class is known or comes, once");
    }
  }
  if (classes_per_task > static_cast<std::int64_t>(order.size()))
    throw base::UserError("stream.classes_per_task",
                          "is more than the " + std::to_string(order.size()) +
                              " classes that come: " + std::to_string(classes_per_task));
}

std::vector<std::vector<std::int64_t>> StreamConfig::tasks() const {
  std::vector<std::vector<std::int64_t>> all;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i % static_cast<std::size_t>(classes_per_task) == 0) all.emplace_back();
    all.back().push_back(order[i]);
  }
  return all;
}

std::vector<std::size_t> places_of_classes(const quant::Samples& samples,
                                           const std::vector<std::int64_t>& classes) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (std::count(classes.begin(), classes.end(), samples.labels[i]) > 0) places.push_back(i);
  }
  return places;
}

quant::Samples samples_of_classes(const quant::Samples& samples, const std::vector<std::int64_t>& classes) {
  quant::Samples some;
  some.image_bytes = samples.image_bytes;
  some.class_count = samples.class_count;
  for (const std::size_t i : places_of_classes(samples, classes)) {
    const auto image = samples.image(i);
    some.images.insert(some.images.end(), image.begin(), image.end());
    some.labels.push_back(samples.labels[i]);
  }
  return some;
}

std::optional<double> StreamScores::accuracy(std::size_t row,
                                             const std::vector<std::int64_t>& classes) const {
  std::int64_t right = 0, all = 0;
  for (const std::int64_t c : classes) {
    right += correct[row][static_cast<std::size_t>(c)];
    all += images[static_cast<std::size_t>(c)];
  }
  if (all == 0) return std::nullopt;
  return static_cast<double>(right) / static_cast<double>(all);
}

Ordered to_json(const StreamConfig& stream, const StreamScores& scores) {
  Ordered json{{"known", stream.known}, {"tasks", Ordered::array()}};
  std::vector<std::int64_t> old = stream.known;
  const std::size_t end = scores.correct.size() - 1;
  double lost = 0;
  std::int64_t counted = 0;
  const auto count_lost = [&](std::int64_t c, std::size_t learnt) {
    const auto then = scores.accuracy(learnt, {c}), now = scores.accuracy(end, {c});
    if (!then) return;
    lost += *then - *now;
    ++counted;
  };
  for (const std::int64_t c : stream.known) count_lost(c, 0);
  std::size_t row = 0;
  for (const std::vector<std::int64_t>& task : stream.tasks()) {
    Ordered one{{"classes", task}};
    one["old_before"] = number_or_null(scores.accuracy(row, old));
    one["old_after"] = number_or_null(scores.accuracy(++row, old));
    one["new_after"] = number_or_null(scores.accuracy(row, task));
    old.insert(old.end(), task.begin(), task.end());
    one["seen_after"] = number_or_null(scores.accuracy(row, old));
    json["tasks"].push_back(one);
    if (row < end) {
      for (const std::int64_t c : task) count_lost(c, row);
    }
  }
  const auto before = scores.accuracy(0, stream.known), after = scores.accuracy(end, stream.known);
  json["known_before"] = number_or_null(before);
  json["known_after"] = number_or_null(after);
  json["known_lost"] = before ? Ordered(*before - *after) : Ordered();
  json["new_after"] = number_or_null(scores.accuracy(end, stream.order));
  json["forgetting"] = counted > 0 ? Ordered(lost / static_cast<double>(counted)) : Ordered();
  json["correct_by_class"] = scores.correct;
  json["images_by_class"] = scores.images;
  return json;
}

}  // namespace frugal::adapt
