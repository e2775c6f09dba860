// What of a training step lies in the arena, and how long: the blocks that the planner places.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "passes/updates.h"
#include "plan/block.h"
#include "plan/lifetimes.h"
#include "quant/call.h"

namespace frugal::emit {

// What the kernels of a step ask for, found once: it does not depend on which nodes run row by row.
struct KernelNeeds {
  std::vector<plan::Share> shares;             // outputs that lie where an input lay
  std::vector<std::size_t> scratch;            // bytes by node
  std::vector<std::size_t> scratch_a_channel;  // of nodes that may run some channels at a time
};
// calls: of each node; parts: of those in step.by_channels, some channels at a time. target: of ops.h; the
// plain kernels fit as well, so that a host can run the folder.
KernelNeeds needs_of(const passes::TrainingStep& step, const std::vector<quant::Step>& calls,
                     const std::vector<quant::Step>& parts, std::int32_t target);
// By node; empty where it is in no loop of step.by_channels.
std::vector<quant::Step> parts_of(const passes::TrainingStep& step, const std::string& origin);
// The same with the kernels bound for this alone.
KernelNeeds needs_of(const passes::TrainingStep& step, std::int32_t target, const std::string& origin);

inline constexpr std::size_t alignment = 8;

// Blocks with bytes, and which is whose: none where there is none.
struct ArenaBlocks {
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::vector<plan::Block> blocks;
  std::vector<std::size_t> of_tensor, of_scratch, of_chain;  // by tensor, by node, by chain of step.by_rows
  std::vector<std::size_t> inside;  // by tensor: bytes from the beginning of its block to it
};
ArenaBlocks blocks_of(const passes::TrainingStep& step, const KernelNeeds& needs);

// Number of the chain of step.by_rows, or the loop of step.by_channels, that a node belongs to;
// ArenaBlocks::none: it is in none.
std::size_t chain_of(const passes::TrainingStep& step, ir::NodeId node);
std::size_t loop_of(const passes::TrainingStep& step, ir::NodeId node);
// The nodes that share one scratch with it, since no two of their kernels run at once: those of its chain or
// loop, or itself.
ir::NodeRange together_with(const passes::TrainingStep& step, ir::NodeId node);

}  // namespace frugal::emit
