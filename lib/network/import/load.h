// Any network that is read here, by what its file holds: the one way in for subcommands.
#pragma once

#include <string>

#include "network/import/model_builder.h"

namespace frugal::network {

// path: a folder that write_model wrote; a .tflite file (int8); an .onnx file (float, QDQ); a JSON of the
// tiny-training project (int8); network.json. A JSON's weights are in `weights`, or where that is empty in
// NAME.safetensors or weights.safetensors beside NAME.json. Throws UserError that names the file and place.
Imported load_model(const std::string& path, const std::string& weights = "");

}  // namespace frugal::network
