#include "plan/known_parts.h"

#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "plan/numbers.h"

namespace frugal::plan {
KnownParts::KnownParts(const Problem& problem) {
  std::map<std::tuple<int, int, Unit, Unit, Unit>, int> kinds;
  for (const Problem::Item& item : problem.items) {
    const auto key = std::tuple(item.first, item.last, item.size, item.alignment, item.latest);
    kinds_.push_back(kinds.emplace(key, static_cast<int>(kinds.size())).first->second);
  }
}

KnownParts::Key KnownParts::key(const Part& part) const {
  Key key;
  const auto add = [&](std::uint64_t number) {
    const std::uint64_t scrambled = scramble(number);
    key.a += scrambled;  // a sum: the order does not matter
    key.b += scramble(scrambled ^ 0xd1b54a32d192ed03ULL);
  };
  for (const int item : part.items) add(static_cast<std::uint64_t>(kind(item)));
  for (std::size_t s = 0; s < part.floor.size(); ++s) {
    const auto section = static_cast<std::uint64_t>(part.first) + s + 1;
    add((section << 32) + static_cast<std::uint64_t>(part.floor[s]));
  }
  add((std::uint64_t{1} << 63) + static_cast<std::uint64_t>(part.ceiling));
  return key;
}

KnownParts::Found KnownParts::find(const Key& key, const Part& part, std::vector<Placement>& out) const {
  const auto found = known_.find(key);
  if (found == known_.end()) return Found::nothing;
  if (found->second == refuted) return Found::refuted;
  // Each item takes a place of its kind.
  std::vector<Placement> free = solutions_[found->second];
  FRUGAL_ASSERT(free.size() == part.items.size(), "a known part of another size");
  for (const int item : part.items) {
    const auto place =
        std::find_if(free.begin(), free.end(), [&](const Placement& p) { return p.first == kind(item); });
    FRUGAL_ASSERT(place != free.end(), "a known part with other items");
    out.emplace_back(item, place->second);
    *place = free.back();
    free.pop_back();
  }
  return Found::solved;
}

void KnownParts::solve(const Key& key, const Placement* begin, const Placement* end) {
  std::vector<Placement> solution(begin, end);
  for (Placement& place : solution) place.first = kind(place.first);
  known_[key] = static_cast<std::uint32_t>(solutions_.size());
  solutions_.push_back(std::move(solution));
}

}  // namespace frugal::plan
