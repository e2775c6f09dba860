// No tensor of a file of weights is passed over in silence.
#pragma once

#include <set>
#include <string>

#include "checkpoint/safetensors.h"

namespace frugal::checkpoint {

// How many batches a batch norm has seen is no number that is computed with.
bool never_read(const std::string& name);

// Throws UserError at the first tensor whose name begins with `prefix` and is none of `wanted`, with the
// nearest of those that the file lacks.
void refuse_others(const SafetensorsFile& file, const std::set<std::string>& wanted,
                   const std::string& prefix = "");

}  // namespace frugal::checkpoint
