#include "data/images/resize.h"

#include <algorithm>
#include <cmath>

namespace frugal::data {
namespace {

// For each output position: the first input pixel and the weights of those that follow.
struct Taps {
  std::vector<std::int64_t> first;
  std::vector<float> weights;  // `width` a position
  std::int64_t width = 0;
};

Taps make_taps(std::int64_t in_size, double begin, double extent, std::int64_t out_size) {
  const double scale = extent / static_cast<double>(out_size);
  const double support = std::max(scale, 1.0);
  Taps taps;
  taps.width = static_cast<std::int64_t>(std::ceil(support)) * 2 + 1;
  taps.first.resize(static_cast<std::size_t>(out_size));
  taps.weights.assign(static_cast<std::size_t>(out_size * taps.width), 0.0f);
  for (std::int64_t o = 0; o < out_size; ++o) {
    const double center = begin + (static_cast<double>(o) + 0.5) * scale;
    const auto low = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(center - support + 0.5)),
                                              0, in_size - 1);
    const auto high = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::floor(center + support + 0.5)),
                                               low + 1, in_size);
    float* weight = taps.weights.data() + o * taps.width;
    double sum = 0;
    for (std::int64_t i = low; i < high; ++i) {
      const double w = std::max(0.0, 1 - std::abs((static_cast<double>(i) + 0.5 - center) / support));
      weight[i - low] = static_cast<float>(w);
      sum += w;
    }
    if (sum > 0) {
      for (std::int64_t i = 0; i < high - low; ++i) weight[i] = static_cast<float>(weight[i] / sum);
    } else {
      weight[0] = 1;
    }
    // Positions near the end have fewer taps; keep the window inside the image.
    const std::int64_t shift = std::max<std::int64_t>(0, low + taps.width - in_size);
    const std::int64_t move = std::min(shift, low);
    if (move > 0) {
      std::rotate(weight, weight + taps.width - move, weight + taps.width);
    }
    taps.first[static_cast<std::size_t>(o)] = low - move;
  }
  return taps;
}

}  // namespace

Box centre_square(std::int64_t height, std::int64_t width) {
  const auto side = static_cast<double>(std::min(height, width));
  return {(static_cast<double>(height) - side) / 2, (static_cast<double>(width) - side) / 2, side, side};
}

void resize(const std::uint8_t* image, std::int64_t channels, std::int64_t height, std::int64_t width,
            const Box& box, std::int64_t out_height, std::int64_t out_width, std::uint8_t* out) {
  const Taps across = make_taps(width, box.left, box.width, out_width);
  const Taps down = make_taps(height, box.top, box.height, out_height);
  const auto row_begin = std::max<std::int64_t>(0, down.first.front());
  const auto row_end = std::min(height, down.first.back() + down.width);
  std::vector<float> rows(static_cast<std::size_t>((row_end - row_begin) * out_width));
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::uint8_t* plane = image + c * height * width;
    for (std::int64_t y = row_begin; y < row_end; ++y) {
      const std::uint8_t* row = plane + y * width;
      float* target = rows.data() + (y - row_begin) * out_width;
      for (std::int64_t x = 0; x < out_width; ++x) {
        const std::int64_t first = across.first[static_cast<std::size_t>(x)];
        const float* weight = across.weights.data() + x * across.width;
        const std::int64_t taps = std::min(across.width, width - first);
        float sum = 0;
        for (std::int64_t i = 0; i < taps; ++i) sum += weight[i] * static_cast<float>(row[first + i]);
        target[x] = sum;
      }
    }
    for (std::int64_t y = 0; y < out_height; ++y) {
      const std::int64_t first = down.first[static_cast<std::size_t>(y)];
      const float* weight = down.weights.data() + y * down.width;
      const std::int64_t taps = std::min(down.width, height - first);
      std::uint8_t* target = out + (c * out_height + y) * out_width;
      for (std::int64_t x = 0; x < out_width; ++x) {
        float sum = 0;
        for (std::int64_t i = 0; i < taps; ++i) {
          sum += weight[i] * rows[static_cast<std::size_t>((first + i - row_begin) * out_width + x)];
        }
        target[x] = static_cast<std::uint8_t>(std::clamp(sum + 0.5f, 0.0f, 255.0f));
      }
    }
  }
}

}  // namespace frugal::data
