// A float network becomes one on integers: batch norm folded, ranges from calibration images, every layer
// compared with what it was. In the output folder: model/ (graph and numbers), model.onnx
// (with quantise and dequantise nodes, as runtimes take it), report.html and result.json (written last).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "calibrate/config.h"
#include "calibrate/float_network.h"
#include "train/run/run_folder.h"

namespace frugal::calibrate {

// Quantises, or says that it was done before. Returns the result without its layers: one line.
nlohmann::ordered_json run(const QuantizeConfig& config, const train::RunOptions& options,
                           const FloatNetworks& floats);

}  // namespace frugal::calibrate
