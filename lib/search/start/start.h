// From a folder of images to a network that is exported and measured, with one command: what `nas-search
// start` does. It looks at the images, chooses a space and a resolution, measures the space's operations in
// the runtime that is deployed, searches under the latency, trains what it found and exports it, within a
// time budget.
//
// In the output folder: plan.json (what was chosen, written first: a second start keeps to it), latency.json,
// search/, network/ (weights, network.json), network.onnx, report.html, start.json (the result, written
// last).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "search/supernet/inherit.h"

namespace frugal::search {

struct StartOptions {
  std::string images;  // a folder a class, or train/ and test/ (val/) of such
  std::string out;
  double latency_ms = 0;  // at most, of one image
  std::string runtime = "libtorch";
  double minutes = 10;  // of search and training together
  std::int64_t threads = 1, seed = 0;
  PretrainedNetwork pretrained;  // the search starts from it, where it is given
  bool quiet = false;
};

// "5ms", "0.4 ms", "1.5s", "800us"; a number alone is milliseconds. UserError at --latency.
double read_latency(const std::string& text);

nlohmann::ordered_json start(const StartOptions& options);

}  // namespace frugal::search
