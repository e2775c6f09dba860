#include "samples/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "base/random.h"

namespace frugal::samples {

const char* name_of(Split split) {
  switch (split) {
    case Split::train:
      return "train";
    case Split::validation:
      return "validation";
    case Split::test:
      return "test";
  }
  return "";
}

std::vector<std::int64_t> balanced_order(const std::vector<std::int64_t>& labels, std::uint64_t seed,
                                         std::string_view stream) {
  std::map<std::int64_t, std::vector<std::int64_t>> members;
  for (std::size_t i = 0; i < labels.size(); ++i) members[labels[i]].push_back(static_cast<std::int64_t>(i));

  base::Random random(seed, stream);
  std::vector<std::pair<double, std::int64_t>> keyed;
  keyed.reserve(labels.size());
  for (const auto& [label, indices] : members) {
    // The offset breaks the tie between classes, so that no class is always the first to be cut.
    const double offset = random.uniform();
    const std::vector<std::size_t> order = random.permutation(indices.size());
    const double count = static_cast<double>(indices.size());
    for (std::size_t r = 0; r < order.size(); ++r) {
      keyed.emplace_back((static_cast<double>(r) + offset) / count, indices[order[r]]);
    }
  }
  std::sort(keyed.begin(), keyed.end());
  std::vector<std::int64_t> result;
  result.reserve(keyed.size());
  for (const auto& entry : keyed) result.push_back(entry.second);
  return result;
}

namespace {

std::size_t share_of(std::size_t count, double share) {
  return static_cast<std::size_t>(std::llround(static_cast<double>(count) * share));
}

}  // namespace

std::vector<std::int64_t> balanced_part(const std::vector<std::int64_t>& labels, double share,
                                        std::uint64_t seed, std::string_view stream) {
  std::vector<std::int64_t> part = balanced_order(labels, seed, stream);
  part.resize(share_of(labels.size(), share));
  std::sort(part.begin(), part.end());
  return part;
}

std::vector<std::int64_t> choose_examples(const std::vector<std::int64_t>& labels, const SplitChoice& choice,
                                          Split split) {
  std::vector<std::int64_t> held_out;
  if (choice.validation > 0)
    held_out = balanced_part(labels, choice.validation, choice.seed, "data/validation");
  if (split == Split::validation) return held_out;

  std::vector<std::int64_t> rest, rest_labels;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (std::binary_search(held_out.begin(), held_out.end(), static_cast<std::int64_t>(i))) continue;
    rest.push_back(static_cast<std::int64_t>(i));
    rest_labels.push_back(labels[i]);
  }
  if (choice.fraction >= 1 || rest.empty()) return rest;
  std::vector<std::int64_t> order = balanced_order(rest_labels, choice.seed, "data/fraction");
  order.resize(std::max<std::size_t>(1, share_of(rest.size(), choice.fraction)));
  std::vector<std::int64_t> chosen;
  for (std::int64_t i : order) chosen.push_back(rest[static_cast<std::size_t>(i)]);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace frugal::samples
