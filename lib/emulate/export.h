// What `tinytrain-compile export` does: the state that a device wrote becomes a model folder on the host.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace frugal::emulate {

// folder: what `compile` wrote. Writes model.ir, model.safetensors and, where the network has that form,
// model.onnx into `out`, which is locked meanwhile; `notes` say why there is none. Returns {"schema",
// "network", "steps", …}. Throws UserError for another file, or a state of another network.
nlohmann::ordered_json export_learnt(const std::string& folder, const std::string& state,
                                     const std::string& out, std::vector<std::string>& notes);

}  // namespace frugal::emulate
