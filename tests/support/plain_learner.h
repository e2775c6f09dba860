// A learner that holds a network and learns nothing: for what saves and restores one.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "adapt/learner.h"
#include "ir/graph.h"
#include "ir/model.h"
#include "support/tiny_model.h"

namespace frugal::test {

class PlainLearner final : public adapt::Learner {
 public:
  // Trains the first parameter of a tiny network, with two moments, and replays what the pool gives of three
  // classes.
  PlainLearner() : model_(tiny_int8_model(1)) {
    for (std::size_t id = 0; id < model_.data.size() && trained_.empty(); ++id) {
      if (!model_.data[id].empty()) trained_.push_back(static_cast<ir::TensorId>(id));
    }
    state_.push_back({"first", {}, {1, 2, 3}, {4, 5, 6}});
    adapt::ReplayConfig replay;
    replay.bytes = "64";
    replay.layer = "pool";
    memory_ = std::make_unique<adapt::ReplayMemory>(
        replay, model_.graph, static_cast<ir::NodeId>(model_.graph.nodes.size() - 1), 3, 3, 7);
  }

  double step(const quant::Samples&, std::span<const std::size_t>, double) override { return 0; }
  quant::Score evaluate(const quant::Samples&) override { return {}; }
  ir::Model model() const override { return model_; }
  std::vector<ir::TensorId> trained() const override { return trained_; }
  std::vector<quant::TrainedState> state() const override { return state_; }
  void restore(const ir::Model& model, std::vector<quant::TrainedState> state, std::int64_t) override {
    model_ = model;
    state_ = std::move(state);
  }
  adapt::ReplayMemory* memory() const override { return memory_.get(); }
  void remember(const quant::Samples&, std::span<const std::size_t>) override {}

 private:
  ir::Model model_;
  std::vector<ir::TensorId> trained_;
  std::vector<quant::TrainedState> state_;
  std::unique_ptr<adapt::ReplayMemory> memory_;
};

}  // namespace frugal::test
