// A training that starts from what somebody else trained: which weights, what becomes of the head and of the
// body.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "config/visitor.h"
#include "data/images/config.h"
#include "data/images/dataset.h"
#include "model/image/network.h"
#include "train/loop_config.h"

namespace frugal::train {

struct PretrainedConfig {
  std::string weights;         // safetensors, .pth or .pt; empty: weights are made up
  std::string head = "new";    // or "keep"
  std::string body = "train";  // or "frozen"
  double body_lr = 0.1;        // factor of the learning rate on the body

  bool given() const { return !weights.empty(); }
  bool frozen() const { return given() && body == "frozen"; }
  void visit(config::Visitor& v);
};

// What the network's description says of images, where the config leaves it open: channels, resolution, mean
// and deviation (without a description of them those of ImageNet, on which such weights usually were
// trained).
data::DataConfig images_for(const network::NetworkConfig& network, const data::DataConfig& data);

// The network with as many classes as the images have, where its head is new.
network::NetworkConfig with_head(network::NetworkConfig network, const PretrainedConfig& config,
                                 const data::ImageSet& training);

// Fills the network. What was taken, for the result: {"weights", "family", "tensors", "numbers", "head",
// "body", "passed_over"}.
nlohmann::ordered_json take_weights(model::ImageNetwork& network, const PretrainedConfig& config);

// The loop with the body's factor of the learning rate.
LoopConfig with_body_rate(LoopConfig loop, const PretrainedConfig& config);

}  // namespace frugal::train
