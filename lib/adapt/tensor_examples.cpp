// Tensors of a .safetensors file as examples.

#include "adapt/examples.h"
#include "base/error.h"
#include "ir/graph.h"
#include "samples/tensor_set.h"

namespace frugal::adapt {
namespace {

using base::UserError;

// One value serves all channels; none is `otherwise`.
std::vector<float> per_channel(const std::vector<double>& given, std::int64_t channels, float otherwise,
                               const std::string& place) {
  const auto wanted = static_cast<std::size_t>(channels);
  if (given.empty()) return std::vector<float>(wanted, otherwise);
  if (given.size() == 1) return std::vector<float>(wanted, static_cast<float>(given.front()));
  if (given.size() == wanted) return {given.begin(), given.end()};
  throw UserError(
      place,
      std::to_string(given.size()) + " values for samples of " + std::to_string(channels) + " channels",
      "give one value, or one for each channel");
}

class TensorExamples final : public Examples {
 public:
  TensorExamples(samples::TensorSet set, const ExampleConfig& config) : set_(std::move(set)) {
    name = set_.name;
    shape = set_.file->shape();
    const std::int64_t channels = shape.size() < 2 ? 1 : shape.front();
    shape.insert(shape.begin(), 1);
    labels = set_.labels;
    class_names = set_.class_names;
    if (config.mean.empty() && config.std.empty()) return;
    mean = per_channel(config.mean, channels, 0, config.place + "/mean");
    std = per_channel(config.std, channels, 1, config.place + "/std");
  }

  void real(std::size_t i, float* out) const override {
    set_.file->read(set_.places[i], out);
    if (mean.empty()) return;
    const std::size_t each = numbers() / mean.size();
    for (std::size_t k = 0; k < numbers(); ++k) out[k] = (out[k] - mean[k / each]) / std[k / each];
  }

  Store stored_by(const ir::Tensor& input) const override {
    return [this, input](std::size_t i, std::int8_t* out) {
      std::vector<float> values(numbers());
      real(i, values.data());
      for (std::size_t k = 0; k < values.size(); ++k) out[k] = stored_number(double{values[k]}, input);
    };
  }

  std::optional<std::pair<double, double>> range() const override { return std::nullopt; }

 private:
  samples::TensorSet set_;
};

}  // namespace

std::unique_ptr<Examples> open_tensor_examples(const ExampleConfig& config, samples::Split split) {
  const ExampleConfig defaults;
  const auto refuse = [&](const char* field) {
    throw UserError(config.place + "/" + field, "has no effect on tensors: it is of images", "leave it out");
  };
  if (config.resolution != 0) refuse("resolution");
  if (config.channels != 0) refuse("channels");
  if (config.memory_mb != defaults.memory_mb) refuse("memory_mb");
  samples::TensorSet set = samples::open_tensors({config.path, config.classes, config.groups, config.fraction,
                                                  config.validation, config.test, config.seed, config.place},
                                                 split);
  if (!set.file->splits().empty() && config.test != defaults.test)
    throw UserError(config.place + "/test", "has no effect: " + config.path + " marks its test samples",
                    "leave it out");
  return std::make_unique<TensorExamples>(std::move(set), config);
}

}  // namespace frugal::adapt
