#include <cmath>

#include "base/error.h"
#include "quant/optimizer.h"
#include "quant/update.h"

namespace frugal::quant {
namespace {

class FloatOptimizer : public Optimizer {
 public:
  FloatOptimizer(const autodiff::TrainingGraph& training, const TrainerConfig& config,
                 const Parameters& parameters) {
    std::uint32_t place = 0;
    for (const autodiff::Gradient& gradient : training.gradients) {
      std::int64_t unusable = 0;
      const ir::Tensor& parameter = training.model.graph.tensor(gradient.parameter);
      updates_.emplace_back(training.model, gradient, config, parameters, place, unusable);
      note_untrained(parameter, unusable);
      place += static_cast<std::uint32_t>(ir::elements(parameter.shape));
      gradients_.push_back(gradient.gradient);
    }
    sums_.resize(updates_.size());
  }

  void begin(std::size_t images) override {
    images_ = images;
    for (std::size_t g = 0; g < sums_.size(); ++g) sums_[g].assign(updates_[g].size(), 0.0F);
  }

  void take(const Workspace& workspace) override {
    for (std::size_t g = 0; g < sums_.size(); ++g) {
      const float* gradient = workspace.at<float>(gradients_[g]);
      for (std::size_t i = 0; i < sums_[g].size(); ++i) sums_[g][i] += gradient[i];
    }
  }

  void apply(Parameters& parameters, double learning_rate, std::int64_t step) override {
    const auto count = static_cast<float>(images_);
    for (std::size_t g = 0; g < sums_.size(); ++g) {
      for (float& value : sums_[g]) {
        value /= count;
        if (!std::isfinite(value))
          throw base::Failure("the gradient of '" + updates_[g].state().name +
                                  "' is no finite number at step " + std::to_string(step),
                              "lower the learning rate");
      }
    }
    for (std::size_t g = 0; g < sums_.size(); ++g)
      updates_[g].apply(parameters, sums_[g], learning_rate, step);
  }

  std::vector<TrainedState> state() const override {
    std::vector<TrainedState> states;
    for (const ParameterUpdate& update : updates_) states.push_back(update.state());
    return states;
  }
  void restore(std::vector<TrainedState> state) override {
    FRUGAL_ASSERT(state.size() == updates_.size(), "a state of other parameters");
    for (std::size_t i = 0; i < state.size(); ++i) updates_[i].restore(std::move(state[i]));
  }

 private:
  std::vector<ParameterUpdate> updates_;
  std::vector<ir::TensorId> gradients_;
  std::vector<std::vector<float>> sums_;  // a gradient each
  std::size_t images_ = 0;
};

}  // namespace

void Optimizer::note_untrained(const ir::Tensor& parameter, std::int64_t channels) {
  if (channels == 0) return;
  untrained_.push_back(parameter.name + ": " + std::to_string(channels) + " of " +
                       std::to_string(parameter.shape[0]));
}

std::unique_ptr<Optimizer> make_float_optimizer(const autodiff::TrainingGraph& training,
                                                const TrainerConfig& config, const Parameters& parameters) {
  return std::make_unique<FloatOptimizer>(training, config, parameters);
}

}  // namespace frugal::quant
