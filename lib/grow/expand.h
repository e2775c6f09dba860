// Writes the grown model's directory from the small model's, tensor by tensor: memory stays near what one
// tensor needs (rows of large ones are made and written in pieces), whatever the size of the files.
#pragma once

#include <cstdint>
#include <string>

#include "grow/operator.h"
#include "model/transformer/hf_model.h"

namespace frugal::grow {

struct ExpandOptions {
  checkpoint::DType type = checkpoint::DType::f32;
  std::uint64_t shard_bytes = 0;  // 0: one file
  bool quiet = false;
};

// Writes weights, carried files and, last, config.json into `folder`. Throws UserError on weights that are
// NaN or infinite, naming the tensor, and then leaves no weights behind.
void expand_directory(const model::HfModel& source, const PlannedGrowth& growth, const std::string& folder,
                      const ExpandOptions& options);

}  // namespace frugal::grow
