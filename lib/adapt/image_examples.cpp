// Images of any format as examples.
#include <algorithm>
#include <array>
#include <cmath>

#include "adapt/examples.h"
#include "base/error.h"
#include "data/images/dataset.h"
#include "ir/graph.h"

namespace frugal::adapt {
namespace {

using Table = std::array<std::int8_t, 256>;

class ImageExamples final : public Examples {
 public:
  ImageExamples(data::ImageSet set, bool as_pixels) : set_(std::move(set)), as_pixels_(as_pixels) {
    name = set_.name;
    shape = {1, set_.channels, set_.height, set_.width};
    labels = set_.labels;
    class_names = set_.class_names;
    mean = set_.mean;
    std = set_.std;
  }

  void real(std::size_t i, float* out) const override {
    std::vector<std::uint8_t> scratch;
    const std::uint8_t* image = set_.image(static_cast<std::int64_t>(i), scratch);
    const auto pixels = static_cast<std::size_t>(set_.height * set_.width);
    for (std::size_t c = 0; c < static_cast<std::size_t>(set_.channels); ++c) {
      for (std::size_t k = 0; k < pixels; ++k)
        *out++ = (static_cast<float>(image[c * pixels + k]) / 255.0F - set_.mean[c]) / set_.std[c];
    }
  }

  Store stored_by(const ir::Tensor& input) const override {
    const auto pixels = static_cast<std::size_t>(set_.height * set_.width);
    return [this, pixels, tables = tables_for(input)](std::size_t i, std::int8_t* out) {
      std::vector<std::uint8_t> scratch;
      const std::uint8_t* image = set_.image(static_cast<std::int64_t>(i), scratch);
      for (std::size_t k = 0; k < numbers(); ++k) out[k] = tables[k / pixels][image[k]];
    };
  }

  std::optional<std::pair<double, double>> range() const override {
    double low = INFINITY, high = -INFINITY;
    for (std::size_t c = 0; c < set_.mean.size(); ++c) {
      low = std::min(low, (0 - double{set_.mean[c]}) / double{set_.std[c]});
      high = std::max(high, (1 - double{set_.mean[c]}) / double{set_.std[c]});
    }
    return std::pair(low, high);
  }

 private:
  // What each pixel value of a channel is stored as.
  std::vector<Table> tables_for(const ir::Tensor& input) const {
    std::vector<Table> tables(static_cast<std::size_t>(set_.channels));
    for (std::size_t c = 0; c < tables.size(); ++c) {
      for (int pixel = 0; pixel < 256; ++pixel) {
        const double value = (pixel / 255.0 - double{set_.mean[c]}) / double{set_.std[c]};
        tables[c][static_cast<std::size_t>(pixel)] =
            as_pixels_ ? static_cast<std::int8_t>(pixel - 128) : stored_number(value, input);
      }
    }
    return tables;
  }

  data::ImageSet set_;
  bool as_pixels_;
};

}  // namespace

std::unique_ptr<Examples> open_images(const ExampleConfig& config, samples::Split split, Unnamed unnamed) {
  const ExampleConfig defaults;
  const auto refuse = [&](const char* field) {
    throw base::UserError(config.place + "/" + field, "has no effect on images",
                          "data.kind tensors has such");
  };
  if (!config.groups.empty()) refuse("groups");
  if (config.test != defaults.test) refuse("test");
  const bool as_pixels = unnamed == Unnamed::pixels && config.mean.empty() && config.std.empty();
  return std::make_unique<ImageExamples>(data::open_split(config, split), as_pixels);
}

}  // namespace frugal::adapt
