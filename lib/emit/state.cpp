#include "emit/state.h"

#include <cstring>

#include "base/error.h"
#include "ops/arguments.h"
#include "quant/kernels.h"

namespace frugal::emit {
namespace {

// Of each number of a trained parameter, in the order of the state's memory: its place in the network's own
// parameter, row-major.
std::vector<std::size_t> sources_of(const DeviceProgram& program, const passes::Trained& one) {
  const ir::Tensor& part = program.graph().tensor(one.parameter);
  const ir::Dims& whole = program.graph().tensor(one.whole).shape;
  const std::vector<std::size_t> to =
      ops::places(part.shape, program.layouts()[static_cast<std::size_t>(one.parameter)]);
  std::size_t inner = 1;  // numbers below the axis whose channels are trained
  const std::size_t axis = one.depthwise || whole.size() < 2 ? 0 : 1;
  for (std::size_t i = axis + 1; i < whole.size(); ++i) inner *= static_cast<std::size_t>(whole[i]);
  const auto some = static_cast<std::size_t>(part.shape[axis]), all = static_cast<std::size_t>(whole[axis]);
  std::vector<std::size_t> sources(to.size());
  for (std::size_t i = 0; i < to.size(); ++i) {
    const std::size_t outer = i / inner / some, channel = i / inner % some;
    const std::size_t from = one.channels.empty() ? channel : static_cast<std::size_t>(one.channels[channel]);
    sources[to[i]] = (outer * all + from) * inner + i % inner;
  }
  return sources;
}

// Calls with the place in the state, the place in the network's bytes and the size of each trained number.
template <typename Use>
void for_each_number(const DeviceProgram& program, const Use& use) {
  for (const passes::Trained& one : program.step().trained) {
    const std::size_t size = quant::size_of(program.graph().tensor(one.parameter).type);
    const std::vector<std::size_t> sources = sources_of(program, one);
    for (std::size_t i = 0; i < sources.size(); ++i)
      use(one, program.home(one.parameter).offset + i * size, sources[i] * size, size);
  }
}

}  // namespace

std::vector<std::byte> state_of(const DeviceProgram& program, const ir::Model& network, std::uint32_t steps,
                                std::span<const std::uint8_t> replay) {
  FRUGAL_ASSERT(replay.size() <= program.replay_bytes(), "the buffer of another program");
  std::vector<std::byte> state(program.state_bytes());
  std::memcpy(state.data(), &steps, sizeof(steps));
  for_each_number(
      program, [&](const passes::Trained& one, std::size_t at, std::size_t from, std::size_t size) {
        std::memcpy(state.data() + at, network.data[static_cast<std::size_t>(one.whole)].data() + from, size);
      });
  if (!replay.empty()) std::memcpy(state.data() + program.replay_offset(), replay.data(), replay.size());
  return state;
}

Learnt learnt_from(const DeviceProgram& program, ir::Model network, std::span<const std::byte> state,
                   const std::string& origin) {
  if (state.size() != program.state_bytes())
    throw base::UserError(origin, "has " + std::to_string(state.size()) +
                                      " bytes, and the state of this network " +
                                      std::to_string(program.state_bytes()));
  Learnt learnt{std::move(network), 0};
  std::memcpy(&learnt.steps, state.data(), sizeof(learnt.steps));
  for_each_number(program, [&](const passes::Trained& one, std::size_t at, std::size_t to, std::size_t size) {
    std::memcpy(learnt.network.data[static_cast<std::size_t>(one.whole)].data() + to, state.data() + at,
                size);
  });
  return learnt;
}

}  // namespace frugal::emit
