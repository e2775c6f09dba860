// The baseline of training on integers: the float network that an int8 one stands for (quant/convert/
// to_float.h), trained by torch with SGD, v ← m·v + g and w ← w − η·v, on the same images as the int8 network
// takes them, the same parts of it trained. It is no part of what a device does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapt/learner.h"
#include "autodiff/trained_layer.h"

namespace frugal::in_float {

struct LearnerConfig {
  double momentum = 0;
  std::size_t threads = 1;  // of torch, in the whole process
};

class Learner : public adapt::Learner {
 public:
  // `start` on integers, with its head in float; `trained` of its nodes. Throws UserError where it stands for
  // no float network.
  Learner(const ir::Model& start, const std::vector<autodiff::TrainedLayer>& trained,
          const LearnerConfig& config, const std::string& origin);
  ~Learner() override;

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

// As the config says (adapt/learner.h).
std::unique_ptr<adapt::Learner> make_learner(const ir::Model& start, const sparse::UpdateScheme& scheme,
                                             const adapt::AdaptConfig& config);

}  // namespace frugal::in_float
