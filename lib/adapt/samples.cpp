#include "adapt/samples.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "data/images/split.h"
#include "ir/integer_scale.h"

namespace frugal::adapt {
namespace {

using base::UserError;

// What each pixel value of a channel is stored as.
std::vector<std::array<std::int8_t, 256>> tables(const data::ImageSet& set, const ir::Tensor& input,
                                                 bool as_pixels) {
  std::vector<std::array<std::int8_t, 256>> result(static_cast<std::size_t>(set.channels));
  for (std::size_t c = 0; c < result.size(); ++c) {
    for (int pixel = 0; pixel < 256; ++pixel) {
      double stored = pixel - 128;
      if (!as_pixels) {
        const double real = (pixel / 255.0 - double{set.mean[c]}) / double{set.std[c]};
        // Halves go down, however a mean of 0.5 was rounded: else two pixel values could become one.
        stored =
            std::ceil(real / ir::scale_of(input) - 0.500001) + static_cast<double>(ir::zero_point_of(input));
      }
      result[c][static_cast<std::size_t>(pixel)] =
          static_cast<std::int8_t>(std::clamp(stored, -128.0, 127.0));
    }
  }
  return result;
}

}  // namespace

void check_image_size(const data::ImageSet& set, const ir::Tensor& input, const std::string& place) {
  const ir::Dims wanted{1, set.channels, set.height, set.width};
  if (input.shape == wanted) return;
  throw UserError(place,
                  "takes images of " + ir::to_text(input.shape) + ", but those of " + set.name + " are " +
                      ir::to_text(wanted),
                  "set data.resolution and data.channels");
}

std::vector<std::size_t> all_or(const data::ImageSet& set, const std::vector<std::size_t>& which) {
  if (!which.empty()) return which;
  std::vector<std::size_t> all(static_cast<std::size_t>(set.size()));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

quant::Samples samples_of(const data::ImageSet& set, const std::vector<std::size_t>& which,
                          const ir::Tensor& input, const data::DataConfig& config, const std::string& place) {
  if (input.type != ir::DataType::int8 || !input.quantization)
    throw UserError(place, "takes no int8 input", "quantize the network first");
  check_image_size(set, input, place);
  const auto stored = tables(set, input, config.mean.empty() && config.std.empty());
  const auto pixels = static_cast<std::size_t>(set.height * set.width);
  quant::Samples samples;
  samples.image_bytes = set.image_bytes();
  samples.class_count = set.class_count();
  const std::vector<std::size_t> all = all_or(set, which);
  samples.images.reserve(all.size() * static_cast<std::size_t>(set.image_bytes()));
  std::vector<std::uint8_t> scratch;
  for (const std::size_t i : all) {
    const std::uint8_t* image = set.image(static_cast<std::int64_t>(i), scratch);
    for (std::size_t k = 0; k < static_cast<std::size_t>(set.image_bytes()); ++k)
      samples.images.push_back(stored[k / pixels][image[k]]);
    samples.labels.push_back(static_cast<std::int32_t>(set.labels[i]));
  }
  return samples;
}

std::vector<std::size_t> few_of_each(const data::ImageSet& set, std::int64_t shots, std::int64_t seed) {
  std::vector<std::size_t> chosen;
  if (shots == 0) return chosen;
  std::vector<std::int64_t> count(static_cast<std::size_t>(set.class_count()), 0);
  for (const std::int64_t i : data::balanced_order(set.labels, static_cast<std::uint64_t>(seed), "shots")) {
    std::int64_t& of_class = count[static_cast<std::size_t>(set.labels[static_cast<std::size_t>(i)])];
    if (of_class < shots) {
      ++of_class;
      chosen.push_back(static_cast<std::size_t>(i));
    }
  }
  for (std::size_t c = 0; c < count.size(); ++c) {
    if (count[c] < shots)
      throw UserError("shots", "asks for " + std::to_string(shots) + " images a class, but " + set.name +
                                   " has " + std::to_string(count[c]) + " of class '" + set.class_names[c] +
                                   "'");
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::vector<std::size_t> balanced_part(const data::ImageSet& set, std::int64_t count) {
  if (count == 0 || count >= set.size()) return {};
  std::vector<std::int64_t> order = data::balanced_order(set.labels, 0, "part");
  order.resize(static_cast<std::size_t>(count));
  std::sort(order.begin(), order.end());
  return {order.begin(), order.end()};
}

}  // namespace frugal::adapt
