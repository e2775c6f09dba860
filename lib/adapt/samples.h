// Examples as a network on integers takes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "adapt/examples.h"
#include "quant/anomaly.h"
#include "quant/trainer.h"

namespace frugal::adapt {

// Examples `which` (all where it is empty) for the graph's input, int8 or, for token numbers, int32. Throws
// UserError at `place` where the network takes other examples or is none on integers.
quant::Samples samples_of(const Examples& examples, const std::vector<std::size_t>& which,
                          const ir::Graph& graph, const std::string& place);

// Every index of the examples where `which` is empty, else `which`.
std::vector<std::size_t> all_or(const Examples& examples, const std::vector<std::size_t>& which);

// `shots` examples of each class, drawn by seed; all where it is 0. UserError for a class that has fewer.
std::vector<std::size_t> few_of_each(const Examples& examples, std::int64_t shots, std::int64_t seed);

// Of `which` (all where it is empty) those of usual classes, where the config names such; else `which`.
std::vector<std::size_t> usual_ones(const Examples& examples, const std::vector<std::size_t>& which,
                                    const quant::AnomalyConfig& anomaly);

// At most `count` examples, class-balanced, the same at every call; all where it is 0.
std::vector<std::size_t> balanced_part(const Examples& examples, std::int64_t count);

}  // namespace frugal::adapt
