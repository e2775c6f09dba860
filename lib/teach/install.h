// Installs the cross-compilers and emulators that are missing, by scripts/setup of the checkout that this
// program stands in.
#pragma once

#include "device/files.h"

namespace frugal::teach {

// Does nothing where nothing is missing; else runs `scripts/setup --only-device` (as root or through sudo)
// and looks again. Throws UserError where there is no such script above the executable, or where programs are
// missing still; Failure with what the script said where it fails.
void install_programs(device::Target target, bool quiet);

}  // namespace frugal::teach
