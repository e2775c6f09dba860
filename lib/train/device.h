// The device that a run trains on.
#pragma once

#include <torch/types.h>

#include "train/run/run_folder.h"

namespace frugal::train {

// Makes the device ready that the options name (tensor/device.h); they get its full name ("cuda": "cuda:0").
torch::Device take_device(RunOptions& options);

}  // namespace frugal::train
