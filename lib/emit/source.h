// The C of a device program: tables of numbers and straight-line calls of kernels.
#pragma once

#include <string>
#include <vector>

#include "emit/device_program.h"

namespace frugal::emit {

struct Source {
  std::string header, code;  // frugal_model.h, frugal_model.c
};

struct SourceConfig {
  std::uint32_t seed = 0;        // of stochastic rounding
  std::uint32_t network_id = 0;  // a saved state of another network is refused
};

Source write_source(const DeviceProgram& program, const SourceConfig& config);

}  // namespace frugal::emit
