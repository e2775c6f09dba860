// The page of a compiled network: what it takes, and its memory over a step.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "emit/device_program.h"

namespace frugal::compile {

std::string page_of(const nlohmann::ordered_json& compiled, const emit::DeviceProgram& program);

}  // namespace frugal::compile
