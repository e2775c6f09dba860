#include "emulate/export.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "emit/state.h"
#include "emulate/state.h"
#include "network/import/model_folder.h"
#include "network/quantized_onnx.h"

namespace frugal::emulate {

nlohmann::ordered_json export_learnt(const std::string& folder, const std::string& state,
                                     const std::string& out, std::vector<std::string>& notes) {
  const Compiled compiled = open_compiled(folder);
  const emit::Learnt learnt = read_state(state, compiled);
  const base::FolderLock lock(out);
  network::write_model(out, learnt.network);
  const bool as_onnx = network::write_quantized_onnx(out + "/model.onnx", learnt.network, folder, notes) > 0;
  return {{"schema", "frugal.tinytrain_compile.export/1"},
          {"network", learnt.network.graph.name},
          {"steps", learnt.steps},
          {"trained", compiled.json().at("trained").size()},
          {"onnx", as_onnx},
          {"out", out}};
}

}  // namespace frugal::emulate
