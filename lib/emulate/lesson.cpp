#include "emulate/lesson.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "device/stream_file.h"
#include "ops/arguments.h"

namespace frugal::emulate {
namespace {

// Where each byte of a sample goes.
std::vector<std::size_t> byte_places(const ir::Graph& graph) {
  const ir::TensorId id = graph.inputs.front();
  const ir::Tensor& input = graph.tensor(id);
  const std::size_t size = input.type == ir::DataType::int32 ? 4 : 1;
  std::vector<std::size_t> bytes;
  for (const std::size_t place :
       ops::places(input.shape, ops::layouts_of(graph)[static_cast<std::size_t>(id)]))
    for (std::size_t byte = 0; byte < size; ++byte) bytes.push_back(place * size + byte);
  return bytes;
}

}  // namespace

std::int64_t Lesson::learnt() const {
  return std::count_if(turns.begin(), turns.end(), [](const Turn& turn) { return turn.learn; });
}

std::int64_t Lesson::remembered() const {
  return std::count_if(turns.begin(), turns.end(), [](const Turn& turn) { return turn.remember; });
}

std::string stream_of(const Lesson& lesson, const Compiled& compiled) {
  const ir::Graph& graph = compiled.start->graph;
  quant::check_samples(lesson.samples, graph, compiled.folder);
  const std::vector<std::size_t> to = byte_places(graph);
  device::StreamWriter writer(static_cast<std::uint32_t>(to.size()), compiled.class_count(),
                              compiled.network_id);
  std::vector<std::byte> input(to.size());
  for (const Turn& turn : lesson.turns) {
    const auto from = lesson.samples.image(turn.sample);
    for (std::size_t i = 0; i < to.size(); ++i) input[to[i]] = static_cast<std::byte>(from[i]);
    const std::int32_t label = lesson.samples.labels[turn.sample];
    if (turn.remember) {
      writer.remember(input, label);
    } else if (turn.learn) {
      writer.learn(input, label, turn.rate);
    } else {
      writer.predict(input, label);
    }
  }
  return writer.bytes();
}

Lesson first_step(const Lesson& lesson) {
  Lesson first;
  first.samples = lesson.samples;
  for (const Turn& turn : lesson.turns) {
    if (!turn.learn) continue;
    first.turns = {turn};
    break;
  }
  return first;
}

void require_answers(const Lesson& lesson, const Output& output) {
  if (output.answers.size() != lesson.turns.size())
    throw base::Failure("the program answered " + std::to_string(output.answers.size()) + " of " +
                        std::to_string(lesson.turns.size()) + " samples");
  for (std::size_t i = 0; i < lesson.turns.size(); ++i) {
    const Turn& turn = lesson.turns[i];
    if (output.answers[i].learn != turn.learn || output.answers[i].remember != turn.remember ||
        output.answers[i].label != lesson.samples.labels[turn.sample])
      throw base::Failure("sample " + std::to_string(i) + ": the program answered another sample");
  }
}

}  // namespace frugal::emulate
