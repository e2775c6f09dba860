// Instructions that a network will take on a board, told before anybody has trained it: it is compiled with
// numbers made up (compile/untrained.h), built, and run once in the emulator. Kernels take the same for any
// numbers, but for roundings that hardly count.
#pragma once

#include <cstdint>
#include <string>

#include "compile/config.h"
#include "network/network.h"

namespace frugal::emulate {

struct Instructions {
  std::int64_t inference = 0, step = 0;
};

// By the config's target and scheme, in `folder`, where a later call builds only what changes. Throws
// UserError where a program is missing, and for the host, which counts nothing.
Instructions instructions_untrained(const network::NetworkConfig& network, compile::CompileConfig config,
                                    const std::string& folder);

}  // namespace frugal::emulate
