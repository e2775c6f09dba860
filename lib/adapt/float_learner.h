// The baseline of training on integers: the float network that an int8 one stands for (quant/convert/
// to_float.h), trained by torch with SGD, v ← m·v + g and w ← w − η·v, on the same images as the int8 network
// takes them, the same parts of it trained. It is no part of what a device does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapt/learner.h"
#include "autodiff/backward.h"

namespace frugal::adapt {

struct FloatLearnerConfig {
  double momentum = 0;
  std::size_t threads = 1;  // of torch, in the whole process
};

class FloatLearner : public Learner {
 public:
  // `start` on integers, with its head in float; `trained` of its nodes. Throws UserError where it stands for
  // no float network.
  FloatLearner(const ir::Model& start, const std::vector<autodiff::TrainedLayer>& trained,
               const FloatLearnerConfig& config, const std::string& origin);
  ~FloatLearner() override;

  double step(const quant::Samples& samples, std::span<const std::size_t> which,
              double learning_rate) override;
  void remember(const quant::Samples&, std::span<const std::size_t>) override {}
  quant::Score evaluate(const quant::Samples& samples) override;
  ir::Model model() const override;
  std::vector<ir::TensorId> trained() const override;
  std::vector<quant::TrainedState> state() const override;
  void restore(const ir::Model& model, std::vector<quant::TrainedState> state, std::int64_t steps) override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace frugal::adapt
