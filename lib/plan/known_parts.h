// What the exact search has found out about parts: refuted, or how they can be placed. Items that no plan can
// tell apart (same sections, size and alignment) count as one kind, so that a part is known with any of them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "plan/part.h"

namespace frugal::plan {

class KnownParts {
 public:
  struct Key {
    std::uint64_t a = 0, b = 0;
    bool operator==(const Key&) const = default;
  };

  explicit KnownParts(const Problem& problem);

  int kind(int item) const { return kinds_[static_cast<std::size_t>(item)]; }
  Key key(const Part& part) const;

  enum class Found { nothing, refuted, solved };
  // Where it is solved, its items' places are added to `out`.
  Found find(const Key& key, const Part& part, std::vector<Placement>& out) const;
  void refute(const Key& key) { known_[key] = refuted; }
  void solve(const Key& key, const Placement* begin, const Placement* end);

 private:
  struct Hash {
    std::size_t operator()(const Key& key) const { return static_cast<std::size_t>(key.a); }
  };
  static constexpr std::uint32_t refuted = ~std::uint32_t{0};

  std::vector<int> kinds_;
  std::unordered_map<Key, std::uint32_t, Hash> known_;
  std::vector<std::vector<Placement>> solutions_;  // kinds and offsets
};

}  // namespace frugal::plan
