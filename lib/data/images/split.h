// Which examples belong to a split, by seed alone: class-balanced and nested.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "data/images/config.h"
#include "data/images/dataset.h"

namespace frugal::data {

// All indices in an order of which every prefix is class-balanced: within a class the seed shuffles, and the
// r-th of n examples of a class stands at (r + u) / n with one offset u a class. So a smaller prefix of one
// seed is a subset of a larger one, and each class's count in a prefix is within one of its share.
std::vector<std::int64_t> balanced_order(const std::vector<std::int64_t>& labels, std::uint64_t seed,
                                         std::string_view stream);

// The indices of a split among the training examples, ascending: validation or train as the config says.
std::vector<std::int64_t> choose_examples(const std::vector<std::int64_t>& labels, const DataConfig& config,
                                          Split split);

}  // namespace frugal::data
