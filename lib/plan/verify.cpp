#include "plan/verify.h"

#include "base/error.h"

namespace frugal::plan {
namespace {

std::string number(std::size_t value) { return std::to_string(value); }

std::string described(const std::vector<Block>& blocks, const Arena& arena, std::size_t i) {
  const Block& block = blocks[i];
  const std::string name = block.name.empty() ? "block " + number(i) : "'" + block.name + "'";
  const std::size_t begin = arena.offsets[i];
  return name + " (steps " + std::to_string(block.first) + " to " + std::to_string(block.last) + ", bytes " +
         number(begin) + " to " + number(begin + block.bytes - 1) + ")";
}

std::optional<std::string> fault_alone(const std::vector<Block>& blocks, const Arena& arena, std::size_t i,
                                       std::optional<std::size_t> capacity) {
  const Block& block = blocks[i];
  const std::size_t offset = arena.offsets[i];
  if (block.alignment == 0 || offset % block.alignment != 0)
    return described(blocks, arena, i) + " is not at a multiple of " + number(block.alignment);
  // Written so that no sum can wrap.
  if (block.bytes > arena.bytes || offset > arena.bytes - block.bytes)
    return described(blocks, arena, i) + " ends beyond the plan's " + number(arena.bytes) + " bytes";
  if (capacity && (block.bytes > *capacity || offset > *capacity - block.bytes))
    return described(blocks, arena, i) + " ends beyond the capacity of " + number(*capacity) + " bytes";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> fault_of(const std::vector<Block>& blocks, const Arena& arena,
                                    std::optional<std::size_t> capacity) {
  if (arena.offsets.size() != blocks.size())
    return number(blocks.size()) + " blocks have " + number(arena.offsets.size()) + " places";
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].bytes == 0) continue;
    if (auto fault = fault_alone(blocks, arena, i, capacity)) return fault;
  }
  for (std::size_t a = 0; a < blocks.size(); ++a) {
    for (std::size_t b = a + 1; b < blocks.size(); ++b) {
      if (blocks[a].bytes == 0 || blocks[b].bytes == 0) continue;
      const bool apart_in_time = blocks[a].last < blocks[b].first || blocks[b].last < blocks[a].first;
      const bool apart_in_space = arena.offsets[a] + blocks[a].bytes <= arena.offsets[b] ||
                                  arena.offsets[b] + blocks[b].bytes <= arena.offsets[a];
      if (!apart_in_time && !apart_in_space)
        return described(blocks, arena, a) + " and " + described(blocks, arena, b) + " share memory";
    }
  }
  return std::nullopt;
}

std::optional<std::string> fault_of(const std::vector<Block>& blocks, const std::vector<Region>& regions,
                                    const RegionPlan& plan) {
  if (plan.region.size() != blocks.size() || plan.offsets.size() != blocks.size())
    return number(blocks.size()) + " blocks have " + number(plan.region.size()) + " regions and " +
           number(plan.offsets.size()) + " places";
  for (std::size_t r = 0; r < regions.size(); ++r) {
    std::vector<Block> inside;
    Arena arena;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (plan.region[i] != r || blocks[i].bytes == 0) continue;
      const std::vector<std::size_t>& allowed = blocks[i].regions;
      bool may = allowed.empty();
      for (const std::size_t other : allowed) may = may || other == r;
      if (!may) return "'" + blocks[i].name + "' may not lie in " + regions[r].name;
      inside.push_back(blocks[i]);
      if (inside.back().name.empty()) inside.back().name = "block " + number(i);
      arena.offsets.push_back(plan.offsets[i]);
    }
    arena.bytes = regions[r].bytes;
    if (const auto fault = fault_of(inside, arena)) return regions[r].name + ": " + *fault;
  }
  std::size_t listed = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].bytes == 0 || plan.region[i] < regions.size()) continue;
    if (listed == plan.without_room.size() || plan.without_room[listed++] != i)
      return "block " + number(i) + " is in no region";
  }
  return std::nullopt;
}

namespace {

void refuse(const std::optional<std::string>& fault) {
  if (fault)
    throw base::Failure("a wrong memory plan: " + *fault, "this is a fault of the planner: please report it");
}

}  // namespace

void verify(const std::vector<Block>& blocks, const Arena& arena, std::optional<std::size_t> capacity) {
  refuse(fault_of(blocks, arena, capacity));
}

void verify(const std::vector<Block>& blocks, const std::vector<Region>& regions, const RegionPlan& plan) {
  refuse(fault_of(blocks, regions, plan));
}

}  // namespace frugal::plan
