#include "data/images/augment.h"

#include <algorithm>
#include <cmath>

#include "data/images/resize.h"

namespace frugal::data {
namespace {

// Where the pixels come from and which are blanked; drawn once an image.
struct Draw {
  std::int64_t shift_y = 0, shift_x = 0;  // source row = row + shift_y
  bool mirror = false;
  std::int64_t hole_top = 0, hole_bottom = 0, hole_left = 0, hole_right = 0;
};

std::int64_t draw_between(base::Random& random, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(high - low + 1)));
}

Draw draw(const AugmentConfig& augment, std::int64_t height, std::int64_t width, base::Random& random) {
  Draw d;
  if (augment.crop_padding > 0) {
    d.shift_y = draw_between(random, -augment.crop_padding, augment.crop_padding);
    d.shift_x = draw_between(random, -augment.crop_padding, augment.crop_padding);
  }
  if (augment.flip) d.mirror = random.below(2) == 1;
  if (augment.cutout > 0) {
    // The centre is anywhere, so that part of the square may lie outside (as in the paper).
    const std::int64_t top = draw_between(random, 0, height - 1) - augment.cutout / 2;
    const std::int64_t left = draw_between(random, 0, width - 1) - augment.cutout / 2;
    d.hole_top = std::max<std::int64_t>(0, top);
    d.hole_bottom = std::min(height, top + augment.cutout);
    d.hole_left = std::max<std::int64_t>(0, left);
    d.hole_right = std::min(width, left + augment.cutout);
  }
  return d;
}

// A box of a random area share and an aspect ratio in [3/4, 4/3] (log-uniform); after ten misses the whole
// image, as torchvision's RandomResizedCrop ends with the centre.
Box draw_box(double least_share, double height, double width, base::Random& random) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area = height * width * (least_share + (1 - least_share) * random.uniform());
    const double aspect = std::exp(std::log(4.0 / 3.0) * (2 * random.uniform() - 1));
    Box box;
    box.width = std::round(std::sqrt(area * aspect));
    box.height = std::round(std::sqrt(area / aspect));
    if (box.width < 1 || box.height < 1 || box.width > width || box.height > height) continue;
    box.top = std::floor(random.uniform() * (height - box.height + 1));
    box.left = std::floor(random.uniform() * (width - box.width + 1));
    return box;
  }
  return {0, 0, height, width};
}

}  // namespace

NormalTable normal_table(const ImageSet& set) {
  NormalTable table(static_cast<std::size_t>(set.channels));
  for (std::size_t c = 0; c < table.size(); ++c) {
    for (std::size_t value = 0; value < 256; ++value) {
      table[c][value] = (static_cast<float>(value) / 255.0f - set.mean[c]) / set.std[c];
    }
  }
  return table;
}

void render(const std::uint8_t* image, const ImageSet& set, const NormalTable& table,
            const AugmentConfig& augment, base::Random& random, bool channels_last,
            std::vector<std::uint8_t>& scratch, float* out) {
  const std::int64_t height = set.height, width = set.width, channels = set.channels;
  if (augment.random_resized_crop_scale < 1) {
    const Box box = draw_box(augment.random_resized_crop_scale, static_cast<double>(height),
                             static_cast<double>(width), random);
    scratch.resize(static_cast<std::size_t>(set.image_bytes()));
    resize(image, channels, height, width, box, height, width, scratch.data());
    image = scratch.data();
  }
  const Draw d = draw(augment, height, width, random);
  const std::int64_t pixel_stride = channels_last ? channels : 1;
  const std::int64_t row_stride = width * pixel_stride;
  // Columns of the output that have a source, before mirroring: the crop's padding is black outside them.
  const std::int64_t begin = std::clamp<std::int64_t>(-d.shift_x, 0, width);
  const std::int64_t end = std::clamp<std::int64_t>(width - d.shift_x, begin, width);
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::array<float, 256>& normal = table[static_cast<std::size_t>(c)];
    const std::uint8_t* plane = image + c * height * width;
    float* out_plane = out + (channels_last ? c : c * height * width);
    for (std::int64_t y = 0; y < height; ++y) {
      float* row = out_plane + y * row_stride;
      const std::int64_t from = y + d.shift_y;
      // The mirrored row is written from its right end.
      float* target = d.mirror ? row + (width - 1) * pixel_stride : row;
      const std::int64_t step = d.mirror ? -pixel_stride : pixel_stride;
      const bool inside = from >= 0 && from < height;
      const std::int64_t first = inside ? begin : width, last = inside ? end : width;
      std::int64_t x = 0;
      for (; x < first; ++x, target += step) *target = normal[0];
      if (last > first) {
        const std::uint8_t* source = plane + from * width + d.shift_x;
        for (; x < last; ++x, target += step) *target = normal[source[x]];
      }
      for (; x < width; ++x, target += step) *target = normal[0];
      if (y >= d.hole_top && y < d.hole_bottom) {
        for (std::int64_t hole = d.hole_left; hole < d.hole_right; ++hole) row[hole * pixel_stride] = 0.0f;
      }
    }
  }
}

}  // namespace frugal::data
