// `tinytrain-compile start`: the whole way in one command: a trained network and a folder of labelled data
// in, a folder of C out that was built, ran and learnt; and a page about it.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "adapt/example_config.h"
#include "ir/ids.h"

namespace frugal::teach {

struct StartOptions {
  std::string network, weights;  // what network/import/load.h reads
  std::string data;              // a folder of images, or a .safetensors file of samples
  std::string target = "m7", flash = "1MB", sram = "256KB";
  std::int64_t shots = 10, held_out = 50;
  double epochs = 0, rate = 0;  // 0: chosen (teach/choose.h)
  std::string head = "means";   // of the samples that are learnt; "new": drawn by the seed
  std::uint64_t seed = 0;
  std::string out;       // folder: device/, report.html, result.json
  bool install = false;  // what is missing (teach/install.h)
  bool quiet = false;
};

// Throws UserError for what is missing (with what installs it), what is wrong with the data, and a network
// that fits by no scheme; Failure where the device does not learn what the trainer does.
nlohmann::ordered_json start(const StartOptions& options);

// What kind of data stands at a path, as this network takes it. Throws UserError where it is none that is
// read.
adapt::ExampleConfig data_at(const std::string& path, const ir::Tensor& input);

// What to do next, in a few lines.
std::string next_steps(const nlohmann::ordered_json& result);

}  // namespace frugal::teach
