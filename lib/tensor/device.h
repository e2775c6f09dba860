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

// Cores that this process may use: those it is bound to, and no more than a container's share of time pays
// for.
int usable_cores();

// Threads that share a step of so many multiply-accumulates: one for each half second or so of one core's
// work, at most `cores`. Threads wait for each other at every layer; where the machine is shared, that wait
// is longer than what a small layer takes (measured on two busy cores: 42 s with two threads, 2.5 s with
// one).
int threads_for(double multiply_accumulates, int cores);

// 0: all usable cores, or as threads_for says of a step of `multiply_accumulates` where that is given (the
// same number on one machine, whatever its load: results may depend on it). Returns the number set. Subnormal
// numbers are flushed to zero (they cost hundreds of cycles each and carry nothing here).
int set_threads(int threads, double multiply_accumulates = 0);

// Seeds torch's own generators (dropout, initialisation) with a stream derived from the run's seed.
void seed_torch(std::uint64_t seed);

}  // namespace frugal::tensor
