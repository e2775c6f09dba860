// What a run of a compiled network measured, as JSON and in a few lines for people.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "emulate/compiled.h"
#include "emulate/lesson.h"
#include "emulate/output.h"

namespace frugal::emulate {

struct LayerCost {
  std::string node, op, pass;  // pass: "forward", "backward"
  std::uint64_t instructions = 0;
};
// In the order of the step.
std::vector<LayerCost> layers_of(const Compiled& compiled,
                                 const std::map<std::int64_t, std::uint64_t>& calls);

// accuracy before and after, the curve, instructions, memory, state. Without header and times.
nlohmann::ordered_json to_json(const Compiled& compiled, const Lesson& lesson, const Output& output,
                               device::Target target);

// Throws Failure where what was measured is not what compile.json planned: the stack is larger, variables
// take more than the arena, the trained numbers and the few of the runtime.
void require_planned_memory(const Compiled& compiled, const Output& output, device::Target target);

std::string summary_of(const nlohmann::ordered_json& result);

}  // namespace frugal::emulate
