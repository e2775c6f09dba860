// What a network will take of a device, told before anybody has trained it: it is compiled with numbers made
// up, on which no size and no place depends.
#pragma once

#include "compile/config.h"
#include "compile/fit.h"
#include "ir/ids.h"
#include "network/network.h"

namespace frugal::compile {

// config.network is the network's name in messages.

// On integers, as `tinytrain-compile quantize` makes it of the trained network, with the rounding that the
// config's way to learn needs. Throws UserError at "name: layer" for a layer that has no form on integers.
ir::Model int8_form(const network::NetworkConfig& network, const CompileConfig& config);

// By the config's target, scheme and passes.
Footprint footprint_untrained(const network::NetworkConfig& network, const CompileConfig& config);

}  // namespace frugal::compile
