// The same samples through the trainer of the host: whether a device learnt as it should, number by number.
#pragma once

#include "emulate/compiled.h"
#include "emulate/lesson.h"
#include "emulate/output.h"

namespace frugal::emulate {

// Throws Failure at the first sample whose prediction or loss is not the trainer's, bit by bit, or where the
// trained numbers at the end are others (by their hash).
void check(const Compiled& compiled, const Lesson& lesson, const Output& output);

}  // namespace frugal::emulate
