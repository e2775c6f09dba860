// Whether a program fits into a device: what it takes of SRAM and flash, and, where that is too much, what
// dominates and what would fit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "compile/config.h"
#include "ir/ids.h"

namespace frugal::emit {
class DeviceProgram;  // emit/device_program.h
}  // namespace frugal::emit

namespace frugal::compile {

struct Stages;  // compile/stages.h

// In bytes. Code is not counted: the linker knows it.
struct Footprint {
  std::int64_t arena = 0, state = 0, stack = 0;  // SRAM
  std::int64_t replay = 0;                       // of the state: the buffer of old examples
  std::int64_t constants = 0, factory = 0;       // flash: numbers, and what the state is when it is new
  std::int64_t sram() const { return arena + state + stack; }
  std::int64_t flash() const { return constants + factory; }
};
Footprint footprint_of(const emit::DeviceProgram& program, const device::FileSettings& settings);
nlohmann::ordered_json to_json(const Footprint& footprint);

// What the network of `stages` takes under another scheme (sparse::scheme_named).
Footprint footprint_under(const std::string& scheme, const Stages& stages, const CompileConfig& config);

// The parameters and constants with the most bytes, for people: "'head.weight' (6400), 'conv.weight' (432)".
std::string largest_numbers(const ir::Model& model, std::size_t count);

// Throws UserError at `origin` where it does not fit: by how much, which tensors dominate, and which of the
// schemes bias:k and head would.
void require_fit(const emit::DeviceProgram& program, const Stages& stages, const CompileConfig& config);

}  // namespace frugal::compile
