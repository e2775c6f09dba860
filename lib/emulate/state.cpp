#include "emulate/state.h"

#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "compile/stages.h"
#include "device/runtime/stream_format.h"
#include "emit/state.h"

namespace frugal::emulate {

using base::UserError;

emit::DeviceProgram program_of(const Compiled& compiled) {
  compile::Stages stages;
  stages.start = *compiled.start;
  const passes::TrainingStep step = compile::step_of(stages, compiled.scheme, compiled.config);
  if (compile::network_id(step) != compiled.network_id)
    throw UserError(compiled.folder,
                    "was compiled from other numbers than stand in its model/, or by another version",
                    "compile it anew");
  return {step, compile::kernels_of(compiled.target), compiled.folder};
}

std::uint64_t hash_of(std::span<const std::byte> state) {
  std::uint64_t hash = 14695981039346656037U;
  for (const std::byte byte : state) hash = (hash ^ static_cast<std::uint64_t>(byte)) * 1099511628211U;
  return hash;
}

emit::Learnt read_state(const std::string& path, const Compiled& compiled) {
  const std::string text = base::read_text(path);
  frugal_state_header header;
  if (text.size() < sizeof(header)) throw UserError(path, "is too short for the state of a device");
  std::memcpy(&header, text.data(), sizeof(header));
  if (header.magic != FRUGAL_STATE_MAGIC)
    throw UserError(path, "is no state of a device: it does not begin with FRST",
                    "`tinytrain-compile run --state FILE` writes one");
  if (header.network != compiled.network_id)
    throw UserError(path, "is of another network than " + compiled.folder + ", or of another scheme",
                    "name the folder that the device was built from");
  const std::span<const char> state = std::span(text).subspan(sizeof(header));
  return emit::learnt_from(program_of(compiled), *compiled.start, std::as_bytes(state), path);
}

}  // namespace frugal::emulate
