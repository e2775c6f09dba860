// Evaluation of a network.json with its weights: error on a data set, logits of given inputs, or what it says
// of images.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "data/images/config.h"

namespace frugal::train {

struct EvaluateOptions {
  std::string network, weights;
  std::string split = "test";
  std::string input, logits;  // safetensors with `input` [B, C, H, W]; where `logits` [B, classes] goes
  std::string image;          // a PNG or JPEG file, or a folder of them
  int threads = 0;
};

// The result object. Throws UserError where weights, inputs or data do not fit the network.
nlohmann::ordered_json evaluate(const EvaluateOptions& options, const data::DataConfig& data);

}  // namespace frugal::train
