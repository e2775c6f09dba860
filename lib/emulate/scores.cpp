#include "emulate/scores.h"

#include <bit>

#include "base/error.h"

namespace frugal::emulate {

double score_of(const Answer& answer) { return std::bit_cast<float>(answer.loss_bits); }

std::vector<quant::Detection> detections(const Lesson& lesson, const std::vector<Answer>& answers) {
  FRUGAL_ASSERT(lesson.quantile && answers.size() <= lesson.turns.size(), "answers of another lesson");
  std::vector<quant::Detection> found;
  for (std::size_t point = 0; point < lesson.points.size(); ++point) {
    std::vector<double> training, scores;
    std::vector<std::int32_t> labels;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Turn& turn = lesson.turns[i];
      if (turn.learn || turn.point != point) continue;
      if (turn.training) {
        training.push_back(score_of(answers[i]));
      } else {
        scores.push_back(score_of(answers[i]));
        labels.push_back(answers[i].label);
      }
    }
    if (!training.empty()) found.push_back(quant::detection(training, scores, labels, *lesson.quantile));
  }
  return found;
}

}  // namespace frugal::emulate
