// Learning without floats, as a device without floating point does it: what is computed here in float64 are
// the constants that the compiler writes into the program (a step a channel, a learning rate a step).
#include "base/error.h"
#include "ops/integer.h"
#include "quant/optimizer.h"
#include "quant/update.h"

namespace frugal::quant {
namespace {

// One trained parameter, and the sums of a batch.
struct Trained {
  std::string name;
  autodiff::Gradient gradient;
  ir::DataType type = ir::DataType::int8;
  ops_update shape{};
  std::vector<std::int32_t> channels;
  std::vector<ops_number> step;  // one an output channel; multiplier 0: not trained
  std::vector<std::int32_t> sums;
  std::int32_t exponent = OPS_NO_EXPONENT;
};

class IntegerOptimizer : public Optimizer {
 public:
  IntegerOptimizer(const autodiff::TrainingGraph& training, const TrainerConfig& config) : config_(config) {
    std::uint32_t place = 0;
    for (const autodiff::Gradient& gradient : training.gradients) {
      trained_.push_back(made(training.model, gradient, place));
      place +=
          static_cast<std::uint32_t>(ir::elements(training.model.graph.tensor(gradient.parameter).shape));
    }
  }

  void begin(std::size_t images) override {
    images_ = images;
    room_ = 16;
    while (room_ > 0 && (std::size_t{1} << (16 - room_)) < images) --room_;
    for (Trained& one : trained_) one.exponent = OPS_NO_EXPONENT;
  }

  void take(const Workspace& workspace) override {
    for (Trained& one : trained_) {
      ops_accumulate(one.sums.data(), &one.exponent, workspace.at<int16_t>(one.gradient.gradient),
                     *workspace.at<int32_t>(one.gradient.exponent),
                     static_cast<std::int32_t>(one.sums.size()), room_);
    }
  }

  void apply(Parameters& parameters, double learning_rate, std::int64_t step) override {
    const ops_number rate = autodiff::integer_rate(learning_rate, images_);
    const std::uint32_t seed = rounding_seed(config_.seed, step);
    for (Trained& one : trained_) {
      ops_update how = one.shape;
      how.channels = one.channels.empty() ? nullptr : one.channels.data();
      const ir::TensorId id = one.gradient.parameter;
      if (one.type == ir::DataType::int8) {
        ops_update_integer_i8(parameters.values<std::int8_t>(id).data(), one.sums.data(), &one.exponent,
                              one.step.data(), &rate, &seed, &how);
      } else if (one.type == ir::DataType::int16) {
        ops_update_integer_i16(parameters.values<std::int16_t>(id).data(), one.sums.data(), &one.exponent,
                               one.step.data(), &rate, &seed, &how);
      } else {
        ops_update_integer_i32(parameters.values<std::int32_t>(id).data(), one.sums.data(), &one.exponent,
                               one.step.data(), &rate, &seed, &how);
      }
    }
  }

  // Nothing but the stored numbers themselves.
  std::vector<TrainedState> state() const override {
    std::vector<TrainedState> states;
    for (const Trained& one : trained_) states.push_back({one.name, {}, {}, {}});
    return states;
  }
  void restore(std::vector<TrainedState> state) override {
    FRUGAL_ASSERT(state.size() == trained_.size(), "a state of other parameters");
  }

 private:
  Trained made(const ir::Model& model, const autodiff::Gradient& gradient, std::uint32_t place) {
    const ir::Tensor& parameter = model.graph.tensor(gradient.parameter);
    Trained one{
        parameter.name, gradient, parameter.type, autodiff::update_shape(model, gradient), {}, {}, {}};
    one.channels.assign(gradient.channels.begin(), gradient.channels.end());
    one.shape.first = place;
    one.shape.storage = OPS_STOCHASTIC;
    one.sums.resize(static_cast<std::size_t>(one.shape.outer) * static_cast<std::size_t>(one.shape.places) *
                    static_cast<std::size_t>(one.shape.trained));
    std::int64_t unusable = 0;
    one.step = autodiff::integer_steps(model, gradient, config_.method == Method::qas, unusable);
    note_untrained(parameter, unusable);
    return one;
  }

  TrainerConfig config_;
  std::vector<Trained> trained_;
  std::size_t images_ = 0;
  std::int32_t room_ = 0;
};

}  // namespace

std::unique_ptr<Optimizer> make_integer_optimizer(const autodiff::TrainingGraph& training,
                                                  const TrainerConfig& config) {
  return std::make_unique<IntegerOptimizer>(training, config);
}

}  // namespace frugal::quant
