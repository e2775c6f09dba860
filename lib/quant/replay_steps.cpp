#include "quant/replay_steps.h"

namespace frugal::quant {

double step_and_replay(Trainer& trainer, const ReplayPlan& plan, ReplayBuffer& buffer, const Samples& samples,
                       std::size_t which, double learning_rate) {
  const std::size_t one[] = {which};
  Replay fresh{plan.cut, {}, {}, {}};
  const double loss = trainer.step(samples, one, learning_rate, &fresh);
  buffer.offer(fresh.fresh, samples.labels[which]);
  for (std::int64_t i = 0; i < plan.ratio; ++i) {
    const std::size_t drawn = buffer.draw(1, trainer.steps()).front();
    Replay old{plan.cut, {buffer.activation(drawn)}, {buffer.label(drawn)}, {}};
    trainer.step(samples, {}, learning_rate, &old);
  }
  return loss;
}

}  // namespace frugal::quant
