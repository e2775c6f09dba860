// A device behind a runner (search/cost/runner.h): on another machine, or one that runs models of another
// runtime.
#pragma once

#include <memory>

#include "search/profile/device.h"

namespace frugal::search {

// config.runner is its command. For a runtime that runs models, every question has one.
std::unique_ptr<Device> open_runner(const DeviceConfig& config);

}  // namespace frugal::search
