// What `tinytrain-compile import` does: a trained network of any format (network/import/load.h) becomes a
// model folder.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace frugal::calibrate {

struct ImportedModel {
  std::string format;  // of the file
  std::size_t operators = 0;
  std::vector<std::string> notes;
};

// integer_rounding: every layer rounds in whole numbers (quant/integer_network.h). Throws UserError at the
// place in the file that is wrong; `folder` is locked while it is written.
ImportedModel import_model(const std::string& path, const std::string& weights, bool integer_rounding,
                           const std::string& folder);

}  // namespace frugal::calibrate
