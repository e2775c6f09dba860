#include "calibrate/import_model.h"

#include "base/file.h"
#include "network/import/load.h"
#include "network/import/model_folder.h"
#include "quant/integer_network.h"

namespace frugal::calibrate {

ImportedModel import_model(const std::string& path, const std::string& weights, bool integer_rounding,
                           const std::string& folder) {
  network::Imported imported = network::load_model(path, weights);
  if (integer_rounding) imported.model = quant::with_integer_rounding(imported.model, path);
  const base::FolderLock lock(folder);
  network::write_model(folder, imported.model);
  return {imported.format, imported.model.graph.nodes.size(), imported.notes};
}

}  // namespace frugal::calibrate
