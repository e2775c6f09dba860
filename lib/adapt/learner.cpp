#include "adapt/learner.h"

#include <algorithm>

#include "autodiff/backward.h"
#include "ir/model.h"

namespace frugal::adapt {
namespace {

class IntegerLearner : public Learner {
 public:
  IntegerLearner(const ir::Model& start, const sparse::UpdateScheme& scheme, const AdaptConfig& config)
      : trainer_(start, sparse::trained_layers(start, scheme),
                 config.method.trainer(config.seed, worker_count(config.threads)), config.network) {
    if (!config.replay.used()) return;
    const ir::NodeId first = autodiff::first_trained(sparse::trained_layers(start, scheme));
    const StreamConfig& stream = config.stream;
    memory_ = std::make_unique<ReplayMemory>(
        config.replay, start.graph, first, start.graph.tensor(start.graph.outputs.front()).shape.back(),
        static_cast<std::int64_t>(stream.known.size() + stream.order.size()),
        static_cast<std::uint64_t>(config.seed));
  }

  double step(const quant::Samples& samples, std::span<const std::size_t> which,
              double learning_rate) override {
    if (!memory_) return trainer_.step(samples, which, learning_rate);
    if (memory_->apart())
      return quant::step_and_replay(trainer_, memory_->plan(), memory_->buffer(), samples, which.front(),
                                    learning_rate);
    quant::Replay replay = memory_->drawn(which.size(), trainer_.steps());
    const double loss = trainer_.step(samples, which, learning_rate, &replay);
    offer(samples, which, replay.fresh);
    return loss;
  }
  void remember(const quant::Samples& samples, std::span<const std::size_t> which) override {
    if (memory_) offer(samples, which, trainer_.activations(samples, which, memory_->plan().cut));
  }
  ReplayMemory* memory() const override { return memory_.get(); }
  quant::Score evaluate(const quant::Samples& samples) override { return trainer_.evaluate(samples); }
  std::vector<double> losses(const quant::Samples& samples) override { return trainer_.losses(samples); }

  ir::Model model() const override { return trainer_.model(); }
  std::vector<ir::TensorId> trained() const override {
    std::vector<ir::TensorId> parameters;
    for (const autodiff::Gradient& gradient : trainer_.graph().gradients)
      parameters.push_back(gradient.parameter);
    return parameters;
  }
  std::vector<quant::TrainedState> state() const override { return trainer_.state(); }
  void restore(const ir::Model& model, std::vector<quant::TrainedState> state, std::int64_t steps) override {
    trainer_.restore(model, std::move(state), memory_ ? memory_->trainer_steps(steps) : steps);
  }
  std::vector<std::string> untrained() const override { return trainer_.untrained(); }

 private:
  void offer(const quant::Samples& samples, std::span<const std::size_t> which,
             std::span<const std::int8_t> activations) {
    std::vector<std::int32_t> labels;
    for (const std::size_t i : which) labels.push_back(samples.labels[i]);
    memory_->offer(activations, labels);
  }

  quant::Trainer trainer_;
  std::unique_ptr<ReplayMemory> memory_;
};

}  // namespace

std::unique_ptr<Learner> make_learner(const ir::Model& start, const sparse::UpdateScheme& scheme,
                                      const AdaptConfig& config, const MakeFloatLearner& in_float) {
  if (!config.method.in_float()) return std::make_unique<IntegerLearner>(start, scheme, config);
  return in_float(start, scheme, config);
}

}  // namespace frugal::adapt
