#include "plan/regions.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "config/size.h"
#include "plan/plan.h"
#include "plan/verify.h"

namespace frugal::plan {
namespace {

double traffic_of(const Block& block) {
  return static_cast<double>(block.traffic > 0 ? block.traffic : block.bytes);
}

double room_of(const Block& block) {
  return static_cast<double>(block.bytes) * (static_cast<double>(block.last - block.first) + 1);
}

bool may_lie_in(const Block& block, std::size_t region) {
  const std::vector<std::size_t>& allowed = block.regions;
  return allowed.empty() || std::find(allowed.begin(), allowed.end(), region) != allowed.end();
}

std::size_t alive_at(const std::vector<Block>& blocks, ir::NodeId step) {
  std::size_t bytes = 0;
  for (const Block& block : blocks) {
    if (block.first <= step && step <= block.last) bytes += block.bytes;
  }
  return bytes;
}

class Filling {
 public:
  Filling(const std::vector<Block>& blocks, const std::vector<Region>& regions, const SearchLimits& search)
      : blocks_(blocks), regions_(regions), search_(search), by_cost_(regions.size()) {
    std::iota(by_cost_.begin(), by_cost_.end(), std::size_t{0});
    std::stable_sort(by_cost_.begin(), by_cost_.end(),
                     [&](std::size_t a, std::size_t b) { return regions[a].cost < regions[b].cost; });
  }

  // Blocks are offered by falling rank.
  RegionPlan fill(const std::vector<double>& rank) {
    plan_ = {};
    plan_.region.assign(blocks_.size(), no_region);
    plan_.offsets.assign(blocks_.size(), 0);
    plan_.used.assign(regions_.size(), 0);
    std::vector<std::size_t> order(blocks_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return rank[a] > rank[b]; });
    for (std::size_t turn = 0; turn < by_cost_.size(); ++turn) {
      // First those that no later region takes.
      std::stable_partition(order.begin(), order.end(),
                            [&](std::size_t i) { return is_last_chance(i, turn); });
      fill_region(by_cost_[turn], order);
    }
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (blocks_[i].bytes == 0) continue;
      if (plan_.region[i] == no_region) {
        plan_.without_room.push_back(i);
      } else {
        plan_.cost += traffic_of(blocks_[i]) * regions_[plan_.region[i]].cost;
      }
    }
    return plan_;
  }

 private:
  bool is_last_chance(std::size_t i, std::size_t turn) const {
    for (std::size_t later = turn + 1; later < by_cost_.size(); ++later) {
      const std::size_t region = by_cost_[later];
      if (may_lie_in(blocks_[i], region) && blocks_[i].bytes <= regions_[region].bytes) return false;
    }
    return true;
  }

  void fill_region(std::size_t region, const std::vector<std::size_t>& order) {
    const std::size_t capacity = regions_[region].bytes;
    std::vector<std::size_t> chosen;
    std::vector<Block> inside;
    for (const std::size_t i : order) {
      if (blocks_[i].bytes == 0 || plan_.region[i] != no_region || !may_lie_in(blocks_[i], region)) continue;
      inside.push_back(blocks_[i]);
      if (most_alive(inside, blocks_[i]) <= capacity) {
        chosen.push_back(i);
      } else {
        inside.pop_back();
      }
    }
    Options options{capacity, search_};
    // Where the bytes would fit and the places do not: without the last offered of those that stick out.
    for (;;) {
      const Plan plan = place(inside, options);
      if (plan.fits) return keep(region, chosen, plan.arena);
      std::size_t out = inside.size() - 1;
      while (plan.arena.offsets[out] + inside[out].bytes <= capacity) --out;
      inside.erase(inside.begin() + static_cast<std::ptrdiff_t>(out));
      chosen.erase(chosen.begin() + static_cast<std::ptrdiff_t>(out));
      options.search.nodes /= 2;  // all tries together cost about two
    }
  }

  // While `during` lives: a step where a block begins has the most, or its own first.
  static std::size_t most_alive(const std::vector<Block>& blocks, const Block& during) {
    std::size_t most = alive_at(blocks, during.first);
    for (const Block& block : blocks) {
      if (during.first < block.first && block.first <= during.last)
        most = std::max(most, alive_at(blocks, block.first));
    }
    return most;
  }

  void keep(std::size_t region, const std::vector<std::size_t>& chosen, const Arena& arena) {
    plan_.used[region] = arena.bytes;
    for (std::size_t k = 0; k < chosen.size(); ++k) {
      plan_.region[chosen[k]] = region;
      plan_.offsets[chosen[k]] = arena.offsets[k];
    }
  }

  const std::vector<Block>& blocks_;
  const std::vector<Region>& regions_;
  const SearchLimits search_;
  std::vector<std::size_t> by_cost_;
  RegionPlan plan_;
};

// Bytes of a block, weighed by how much more than `enough` is alive while it lives.
std::vector<double> pressures(const std::vector<Block>& blocks, std::size_t enough) {
  std::vector<double> ranks;
  for (const Block& block : blocks) {
    std::size_t most = 0;
    for (const Block& other : blocks) {
      if (block.first <= other.first && other.first <= block.last)
        most = std::max(most, alive_at(blocks, other.first));
    }
    ranks.push_back(most > enough ? static_cast<double>(most - enough) * static_cast<double>(block.bytes)
                                  : 0);
  }
  return ranks;
}

}  // namespace

std::vector<Region> parse_regions(const std::vector<std::string>& texts, const std::string& origin) {
  std::vector<Region> regions;
  for (const std::string& text : texts) {
    const auto fail = [&](const std::string& message) {
      throw base::UserError(origin, message + ", got '" + text + "'", "NAME=BYTES or NAME=BYTES:COST");
    };
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) fail("a memory needs a name and its bytes");
    Region region{text.substr(0, equals), 0, static_cast<double>(regions.size() + 1)};
    const std::size_t colon = std::min(text.find(':', equals), text.size());
    const auto bytes =
        config::bytes_of(text.substr(equals + 1, colon - equals - 1), origin + " " + region.name);
    if (bytes == 0) fail("bytes must be above 0");
    region.bytes = static_cast<std::size_t>(bytes);
    if (colon < text.size()) {
      const char* const end = text.data() + text.size();
      const auto cost = std::from_chars(text.data() + colon + 1, end, region.cost);
      if (cost.ec != std::errc() || cost.ptr != end || !(region.cost >= 0) || std::isinf(region.cost))
        fail("behind the bytes may stand : and a cost of 0 or more");
    }
    for (const Region& other : regions) {
      if (other.name == region.name) fail("memory '" + region.name + "' stands twice");
    }
    regions.push_back(std::move(region));
  }
  return regions;
}

RegionPlan place_in_regions(const std::vector<Block>& blocks, const std::vector<Region>& regions,
                            const SearchLimits& search) {
  FRUGAL_ASSERT(!regions.empty(), "no memory to place blocks in");
  for (const Block& block : blocks) {
    for (const std::size_t region : block.regions) FRUGAL_ASSERT(region < regions.size(), "no such region");
  }
  std::vector<double> dense, large;
  for (const Block& block : blocks) {
    dense.push_back(traffic_of(block) / std::max(room_of(block), 1.0));
    large.push_back(room_of(block));
  }
  const auto cheapest = std::min_element(regions.begin(), regions.end(),
                                         [](const Region& a, const Region& b) { return a.cost < b.cost; });
  std::size_t others = 0;
  for (const Region& region : regions) others += region.bytes;
  others -= cheapest->bytes;

  Filling filling(blocks, regions, search);
  std::optional<RegionPlan> best;
  const auto missing = [&](const RegionPlan& plan) {
    std::size_t bytes = 0;
    for (const std::size_t i : plan.without_room) bytes += blocks[i].bytes;
    return bytes;
  };
  for (const std::vector<double>& rank : {dense, pressures(blocks, others), large}) {
    RegionPlan plan = filling.fill(rank);
    if (!best || std::pair(missing(plan), plan.cost) < std::pair(missing(*best), best->cost))
      best = std::move(plan);
  }
  verify(blocks, regions, *best);
  return std::move(*best);
}

std::string why_not(const std::vector<Block>& blocks, const std::vector<Region>& regions,
                    const RegionPlan& plan) {
  std::size_t most = 0, all = 0;
  ir::NodeId step = 0;
  for (const Block& block : blocks) {
    const std::size_t alive = alive_at(blocks, block.first);
    if (alive > most) step = block.first;
    most = std::max(most, alive);
  }
  std::string text = std::to_string(most) + " bytes are alive at step " + std::to_string(step) + ";";
  for (const Region& region : regions) {
    all += region.bytes;
    text += (&region == regions.data() ? " " : " + ") + region.name + " " + std::to_string(region.bytes);
  }
  if (regions.size() > 1) text += " = " + std::to_string(all);
  std::vector<std::size_t> largest = plan.without_room;
  std::stable_sort(largest.begin(), largest.end(),
                   [&](std::size_t a, std::size_t b) { return blocks[a].bytes > blocks[b].bytes; });
  for (std::size_t i = 0; i < std::min<std::size_t>(largest.size(), 3); ++i) {
    const Block& block = blocks[largest[i]];
    text += std::string(i == 0 ? "; without room: '" : ", '") + block.name + "' (" +
            std::to_string(block.bytes) + ")";
  }
  if (largest.size() > 3) text += " and " + std::to_string(largest.size() - 3) + " more";
  return text;
}

}  // namespace frugal::plan
