#include "emulate/check.h"

#include <fmt/format.h>

#include <bit>
#include <optional>

#include "base/error.h"
#include "base/stop.h"
#include "emit/state.h"
#include "emulate/scores.h"
#include "emulate/state.h"
#include "ops/integer.h"
#include "quant/replay_steps.h"

namespace frugal::emulate {
namespace {

using base::Failure;

// As the trainer gives it: exact, since both are a float, or a whole number times a power of two.
double loss_of(const Answer& answer, bool without_floats) {
  if (!without_floats) return score_of(answer);
  return static_cast<double>(std::bit_cast<std::int32_t>(answer.loss_bits)) / (1 << OPS_LOSS_BITS);
}

void require_loss(std::size_t sample, double on_device, double loss) {
  if (std::bit_cast<std::uint64_t>(loss) != std::bit_cast<std::uint64_t>(on_device))
    throw Failure(fmt::format("sample {}: the loss on the device is {}, that of the trainer {}", sample,
                              on_device, loss));
}

}  // namespace

void check(const Compiled& compiled, const Lesson& lesson, const Output& output) {
  require_answers(lesson, output);
  quant::Trainer trainer(*compiled.start, compiled.trained, compiled.method, compiled.folder + "/model");
  std::optional<quant::ReplayBuffer> buffer;
  if (compiled.replay) buffer.emplace(compiled.replay->buffer());
  for (std::size_t i = 0; i < lesson.turns.size(); ++i) {
    const Turn& turn = lesson.turns[i];
    const Answer& answer = output.answers[i];
    const std::size_t which[] = {turn.sample};
    if (turn.remember) {
      buffer->offer(trainer.activations(lesson.samples, which, compiled.replay->cut),
                    lesson.samples.labels[turn.sample]);
      continue;
    }
    if (compiled.autoencodes() && !turn.learn) {
      require_loss(i, loss_of(answer, false), trainer.loss(lesson.samples, turn.sample));
      continue;
    }
    const std::int32_t predicted = compiled.autoencodes() ? -1 : trainer.predict(lesson.samples, turn.sample);
    if (answer.predicted != predicted)
      throw Failure(fmt::format("sample {}: the device predicted class {}, the trainer {}", i,
                                answer.predicted, predicted));
    if (turn.learn) {
      const double loss = buffer ? quant::step_and_replay(trainer, *compiled.replay, *buffer, lesson.samples,
                                                          turn.sample, turn.rate)
                                 : trainer.step(lesson.samples, which, turn.rate);
      require_loss(i, loss_of(answer, compiled.without_floats()), loss);
    }
    base::stop_if_requested();
  }
  const std::vector<std::byte> state =
      emit::state_of(program_of(compiled), trainer.model(), static_cast<std::uint32_t>(trainer.steps()),
                     buffer ? buffer->memory() : std::span<const std::uint8_t>());
  if (hash_of(state) != output.state_hash)
    throw Failure(
        fmt::format("after {} samples: the trained numbers on the device are not those of the "
                    "trainer (hash {:016x}, the trainer's {:016x})",
                    lesson.turns.size(), output.state_hash, hash_of(state)));
}

}  // namespace frugal::emulate
