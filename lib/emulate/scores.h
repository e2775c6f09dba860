// What an auto-encoder on a device tells apart, from the scores that it answered.
#pragma once

#include <vector>

#include "emulate/lesson.h"
#include "emulate/output.h"
#include "quant/anomaly.h"

namespace frugal::emulate {

// Of each evaluation of the lesson. The answers are those of its turns, or the first of them: an evaluation
// without an answer for its threshold is left out.
std::vector<quant::Detection> detections(const Lesson& lesson, const std::vector<Answer>& answers);

// A score, or a loss, as the trainer gives it: exact, since both are a float.
double score_of(const Answer& answer);

}  // namespace frugal::emulate
