#include "adapt/learner.h"

#include "adapt/float_learner.h"

namespace frugal::adapt {
namespace {

class IntegerLearner : public Learner {
 public:
  IntegerLearner(const ir::Model& start, const sparse::UpdateScheme& scheme, const AdaptConfig& config)
      : trainer_(start, sparse::trained_layers(start, scheme),
                 config.method.trainer(config.seed, worker_count(config.threads)), config.network) {}

  double step(const quant::Samples& samples, std::span<const std::size_t> which,
              double learning_rate) override {
    return trainer_.step(samples, which, learning_rate);
  }
  quant::Score evaluate(const quant::Samples& samples) override { return trainer_.evaluate(samples); }

  ir::Model model() const override { return trainer_.model(); }
  std::vector<ir::TensorId> trained() const override {
    std::vector<ir::TensorId> parameters;
    for (const autodiff::Gradient& gradient : trainer_.graph().gradients)
      parameters.push_back(gradient.parameter);
    return parameters;
  }
  std::vector<quant::TrainedState> state() const override { return trainer_.state(); }
  void restore(const ir::Model& model, std::vector<quant::TrainedState> state, std::int64_t steps) override {
    trainer_.restore(model, std::move(state), steps);
  }
  std::vector<std::string> untrained() const override { return trainer_.untrained(); }

 private:
  quant::Trainer trainer_;
};

}  // namespace

std::unique_ptr<Learner> make_learner(const ir::Model& start, const sparse::UpdateScheme& scheme,
                                      const AdaptConfig& config) {
  if (!config.method.in_float()) return std::make_unique<IntegerLearner>(start, scheme, config);
  FloatLearnerConfig how;
  how.momentum = config.method.momentum;
  how.threads = worker_count(config.threads);
  return std::make_unique<FloatLearner>(start, sparse::trained_layers(start, scheme), how, config.network);
}

}  // namespace frugal::adapt
