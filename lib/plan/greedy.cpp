#include "plan/greedy.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/random.h"

namespace frugal::plan {
namespace {

std::size_t length_of(const Block& block) { return static_cast<std::size_t>(block.last - block.first) + 1; }

// Double: bytes times steps may be beyond 64 bits.
double area_of(const Block& block) {
  return static_cast<double>(block.bytes) * static_cast<double>(length_of(block));
}

constexpr Heuristic table[] = {
    {"size", Fit::lowest, [](const Block& a, const Block& b) { return a.bytes > b.bytes; }},
    {"lifetime", Fit::lowest, [](const Block& a, const Block& b) { return length_of(a) > length_of(b); }},
    {"area", Fit::lowest, [](const Block& a, const Block& b) { return area_of(a) > area_of(b); }},
    {"size, tightest", Fit::tightest, [](const Block& a, const Block& b) { return a.bytes > b.bytes; }},
    {"first step, tightest", Fit::tightest,
     [](const Block& a, const Block& b) {
       return a.first != b.first ? a.first < b.first : area_of(a) > area_of(b);
     }},
};

// The offset of a block among others that live with it, given by rising offsets as [begin, end) ranges.
class Room {
 public:
  Room(const Block& block, Fit fit) : block_(block), fit_(fit) {}

  // False: the place is found.
  bool pass(std::size_t begin, std::size_t end) {
    if (low_ + block_.bytes <= begin) {
      if (fit_ == Fit::lowest) {
        best_ = low_;
        best_size_ = 0;
        return false;
      }
      if (begin - low_ < best_size_) {
        best_ = low_;
        best_size_ = begin - low_;
      }
    }
    low_ = std::max(low_, aligned(end, block_.alignment));
    return true;
  }
  std::size_t offset() const { return best_size_ == none_yet ? low_ : best_; }

 private:
  static constexpr std::size_t none_yet = std::numeric_limits<std::size_t>::max();
  const Block& block_;
  Fit fit_;
  std::size_t low_ = 0, best_ = 0, best_size_ = none_yet;
};

// A block that reaches the top of a plan.
std::size_t highest(const std::vector<Block>& blocks, const Arena& arena) {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].bytes > 0 && arena.offsets[i] + blocks[i].bytes == arena.bytes) return i;
  }
  return 0;
}

}  // namespace

std::span<const Heuristic> heuristics() { return table; }

Arena place_in_order(const std::vector<Block>& blocks, const std::vector<std::size_t>& order, Fit fit) {
  Arena arena;
  arena.offsets.assign(blocks.size(), 0);
  std::vector<std::size_t> placed;  // by their offsets
  placed.reserve(order.size());
  for (const std::size_t i : order) {
    const Block& block = blocks[i];
    if (block.bytes == 0) continue;
    Room room(block, fit);
    for (const std::size_t other : placed) {
      if (blocks[other].first > block.last || block.first > blocks[other].last) continue;
      if (!room.pass(arena.offsets[other], arena.offsets[other] + blocks[other].bytes)) break;
    }
    arena.offsets[i] = room.offset();
    arena.bytes = std::max(arena.bytes, arena.offsets[i] + block.bytes);
    const auto lower = [&](std::size_t a, std::size_t b) { return arena.offsets[a] < arena.offsets[b]; };
    placed.insert(std::upper_bound(placed.begin(), placed.end(), i, lower), i);
  }
  return arena;
}

std::vector<std::size_t> order_by(const Heuristic& heuristic, const std::vector<Block>& blocks) {
  std::vector<std::size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return heuristic.before(blocks[a], blocks[b]); });
  return order;
}

Arena improve_order(const std::vector<Block>& blocks, std::vector<std::size_t>& order, std::size_t enough,
                    std::uint64_t tries, std::uint64_t seed) {
  base::Random random(seed, "order of blocks");
  Arena best = place_in_order(blocks, order, Fit::lowest);
  for (std::uint64_t n = 0; n < tries && best.bytes > enough; ++n) {
    // The highest block, or any, goes somewhere before its turn.
    std::vector<std::size_t> changed = order;
    std::size_t from = static_cast<std::size_t>(random.below(changed.size()));
    if (n % 2 == 0) {
      const auto top = std::find(changed.begin(), changed.end(), highest(blocks, best));
      from = static_cast<std::size_t>(top - changed.begin());
    }
    const std::size_t to = static_cast<std::size_t>(random.below(from + 1));
    std::rotate(changed.begin() + static_cast<std::ptrdiff_t>(to),
                changed.begin() + static_cast<std::ptrdiff_t>(from),
                changed.begin() + static_cast<std::ptrdiff_t>(from) + 1);
    Arena arena = place_in_order(blocks, changed, Fit::lowest);
    if (arena.bytes > best.bytes) continue;
    best = std::move(arena);
    order = std::move(changed);
  }
  return best;
}

}  // namespace frugal::plan
