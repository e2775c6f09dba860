// From a config to the list of samples that a device learns and predicts, in the order of `adapt` at batch 1.
#pragma once

#include "emulate/lesson.h"
#include "teach/config.h"

namespace frugal::teach {

// Throws UserError for what is wrong with the data, or where it is none of the network's.
emulate::Lesson lesson_of(const RunConfig& config, const emulate::Compiled& compiled);

}  // namespace frugal::teach
