// What a network learns from, or is measured on: labelled examples of one shape, images or tensors of a file,
// each as a float network takes it and as one on integers stores it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "adapt/example_config.h"
#include "ir/ids.h"
#include "samples/split.h"

namespace frugal::adapt {

class Examples {
 public:
  virtual ~Examples() = default;

  std::string name;                      // "fashion-mnist train"
  ir::Dims shape;                        // of one, with a batch of 1: [1, C, H, W], [1, C, L], [1, T] …
  std::vector<std::int64_t> labels;      // 0 … class_names.size() − 1
  std::vector<std::string> class_names;  // in the order of the labels
  std::vector<float> mean, std;          // as real() takes them off, per channel; empty: not at all

  std::size_t size() const { return labels.size(); }
  std::int64_t class_count() const { return static_cast<std::int64_t>(class_names.size()); }
  std::size_t numbers() const { return static_cast<std::size_t>(ir::elements(shape)); }  // of one example

  // Example i's real numbers, row-major: what a float network takes. Token numbers are floats here too.
  virtual void real(std::size_t i, float* out) const = 0;

  // Writes the numbers of an example as an int8 input stores them, by its scale and zero point.
  using Store = std::function<void(std::size_t i, std::int8_t* out)>;
  virtual Store stored_by(const ir::Tensor& input) const = 0;

  // Least and largest number that real() may give, where that is known beforehand.
  virtual std::optional<std::pair<double, double>> range() const = 0;
};

// Images whose mean and std the config leaves out: an int8 network takes the pixels, 0 to 255 as −128 to 127
// (as networks of other projects do), or real numbers by the format's own mean and std.
enum class Unnamed { pixels, statistics };

// A split of what the config names. Throws UserError: what is wrong with the files, and fields that are given
// and have no effect on this kind of data.
std::unique_ptr<Examples> open_examples(const ExampleConfig& config, samples::Split split,
                                        Unnamed unnamed = Unnamed::pixels);

// A real number as an int8 input stores it: the nearest, or the least or largest. Halves go down, also where
// float32 rounded what was a half: else two of 256 values around a mean of 0.5 could become one.
std::int8_t stored_number(double real, const ir::Tensor& input);

// Refuses, at `place`, examples that a network cannot take: another shape (extents of 1 do not count), token
// numbers that it has no row for.
void check_examples(const Examples& examples, const ir::Graph& graph, const std::string& place);

// The kinds, for open_examples.
std::unique_ptr<Examples> open_images(const ExampleConfig& config, samples::Split split, Unnamed unnamed);
std::unique_ptr<Examples> open_tensor_examples(const ExampleConfig& config, samples::Split split);

}  // namespace frugal::adapt
