// Where and how torch runs: device, threads, seed.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>

namespace frugal::tensor {

// "cpu", "cuda", "cuda:N". UserError where it is neither, or where this build or machine has none.
torch::Device parse_device(const std::string& text);

// parse_device for a run: on a GPU, torch is asked for float32 without rounding to TF32 and for algorithms
// that give the same bytes each time, so that a run that was resumed ends as one that was not. Call it before
// the GPU is used.
torch::Device use_device(const std::string& text);

// 0: all cores that this process may use. Returns the number set. Subnormal numbers are flushed to zero
// (they cost hundreds of cycles each and carry nothing here).
int set_threads(int threads);

// Seeds torch's own generators (dropout, initialisation) with a stream derived from the run's seed.
void seed_torch(std::uint64_t seed);

}  // namespace frugal::tensor
