// Which samples belong to a split, by seed alone: class-balanced and nested.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace frugal::samples {

enum class Split { train, validation, test };
const char* name_of(Split split);

// All indices in an order of which every prefix is class-balanced: within a class the seed shuffles, and the
// r-th of n examples of a class stands at (r + u) / n with one offset u a class. So a smaller prefix of one
// seed is a subset of a larger one, and each class's count in a prefix is within one of its share.
std::vector<std::int64_t> balanced_order(const std::vector<std::int64_t>& labels, std::uint64_t seed,
                                         std::string_view stream);

// The first `share` of that order, ascending.
std::vector<std::int64_t> balanced_part(const std::vector<std::int64_t>& labels, double share,
                                        std::uint64_t seed, std::string_view stream);

struct SplitChoice {
  double fraction = 1;    // of the training examples that validation leaves
  double validation = 0;  // share of the training examples held out, before the fraction
  std::uint64_t seed = 0;
};

// The indices of a split among training examples, ascending: validation or train as the choice says.
std::vector<std::int64_t> choose_examples(const std::vector<std::int64_t>& labels, const SplitChoice& choice,
                                          Split split);

}  // namespace frugal::samples
