// The classifier that a network begins to learn with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/ids.h"
#include "quant/trainer.h"

namespace frugal::adapt {

// `model` with a head in float: "keep" the file's own; "new" one for the samples' classes, drawn by seed; or
// "means", the nearest class mean of the samples (at most 100 a class), as sparse/fisher.h makes it.
ir::Model with_head(const ir::Model& model, const std::string& kind, const quant::Samples& samples,
                    std::int64_t seed, const std::string& origin);

// The file's own head, whose classes are `known` in this order, with rows of 0 for the others of
// `class_count`. UserError at `origin` where the head has another number of classes.
ir::Model with_grown_head(const ir::Model& model, const std::vector<std::int64_t>& known,
                          std::int64_t class_count, const std::string& origin);

}  // namespace frugal::adapt
