// Classes that come one after the other: what a network knows before, in which order the others come, and how
// much it forgets of those that came before.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "quant/trainer.h"

namespace frugal::adapt {

struct StreamConfig {
  std::vector<std::int64_t> known;  // classes that the network knows and that do not come again
  std::vector<std::int64_t> order;  // the others as they come; empty: all classes are mixed
  std::int64_t classes_per_task = 1;

  bool used() const { return !order.empty(); }
  void visit(config::Visitor& v);
  // UserError for classes that the data does not have or that stand twice, and for keys without effect.
  void check(std::int64_t class_count) const;

  // The classes of each task.
  std::vector<std::vector<std::int64_t>> tasks() const;
};

// Samples `which` of a set.
quant::Samples samples_of_classes(const quant::Samples& samples, const std::vector<std::int64_t>& classes);
// The places of samples of these classes, in their order.
std::vector<std::size_t> places_of_classes(const quant::Samples& samples,
                                           const std::vector<std::int64_t>& classes);

// Right answers by class, of the held-out samples: before the stream, then after each task.
struct StreamScores {
  std::vector<std::int64_t> images;                // by class
  std::vector<std::vector<std::int64_t>> correct;  // a row a measurement, by class

  // The share of right answers over classes; empty where they have no images.
  std::optional<double> accuracy(std::size_t row, const std::vector<std::int64_t>& classes) const;
};

// Of each task: its classes, accuracy on older classes before and after it, on its own after it. Of all:
// accuracy on the known classes before and after, and what was lost of each class from when it was last
// learnt to the end, in the mean over classes.
nlohmann::ordered_json to_json(const StreamConfig& stream, const StreamScores& scores);

}  // namespace frugal::adapt
