// What an image becomes before a network sees it, and what its answers are called: what has to go along with
// the weights wherever a network is deployed. In network.json:
//   "preprocessing": {"mean": […], "std": […], "resize": "centre_square", "classes": ["cat", …]}
// The side in pixels is the network's `resolution`.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/json_node.h"

namespace frugal::network {

struct Preprocessing {
  std::vector<double> mean, std;  // of pixels in [0, 1], one number a channel: x ← (pixel / 255 − mean) / std
  // centre_square: the largest centred square, brought to the resolution by an antialiased bilinear filter.
  std::string resize = "centre_square";
  std::vector<std::string> classes;  // in the order of the logits; empty where nobody named them
};

// UserError with the path where mean and std are not one number for each of `channels`, or where the names
// are not `classes` many.
Preprocessing read_preprocessing(const config::JsonNode& node, std::int64_t channels, std::int64_t classes);
nlohmann::ordered_json to_json(const Preprocessing& preprocessing);

// Keys and values of an ONNX model's metadata: "mean" and "std" as lists, "resolution", "resize", "classes"
// as a JSON list.
std::map<std::string, std::string> metadata_of(const Preprocessing& preprocessing, std::int64_t resolution);

}  // namespace frugal::network
