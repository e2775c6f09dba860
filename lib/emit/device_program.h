// A training step made ready for a device: which kernel each node calls, and where each number lies, in
// flash, in the state that is saved, or in the arena that steps share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "emit/arena.h"
#include "passes/updates.h"
#include "plan/plan.h"
#include "plan/regions.h"
#include "quant/call.h"
#include "quant/program.h"

namespace frugal::emit {

enum class Place { flash, state, arena };

struct Home {
  Place place = Place::flash;
  std::size_t offset = 0;  // bytes into the state or the arena
};

// A piece of the arena in a memory of its own: bytes [begin, begin + bytes) of what is planned.
struct ArenaPiece {
  std::string memory;  // empty: there is one alone, in no memory by name
  std::size_t begin = 0, bytes = 0;
};

class DeviceProgram {
 public:
  // target: of ops.h, whose kernels need scratch memory of their own. memories: those that the arena is
  // spread over, the cheapest first; empty: it lies in one, as large as it needs. Throws UserError at
  // "origin: node" for an operator without a kernel, at "device.memories" where they are too small.
  DeviceProgram(passes::TrainingStep step, std::int32_t target, const std::string& origin,
                const std::vector<plan::Region>& memories = {});

  const passes::TrainingStep& step() const { return step_; }
  const ir::Graph& graph() const { return step_.model.graph; }
  const quant::Step& calls(ir::NodeId node) const { return calls_[static_cast<std::size_t>(node)]; }
  const Home& home(ir::TensorId id) const { return homes_[static_cast<std::size_t>(id)]; }
  std::size_t scratch_offset(ir::NodeId node) const {
    return offset_of(arena_.of_scratch[static_cast<std::size_t>(node)]);
  }
  const std::vector<ops::Layout>& layouts() const { return layouts_; }
  // A parameter's or constant's numbers, as the kernels take them.
  std::span<const std::byte> numbers(ir::TensorId id) const;
  // Where in the arena ops_run_rows counts for a chain of step().by_rows.
  std::size_t chain_offset(std::size_t chain) const { return offset_of(arena_.of_chain[chain]); }
  // Nodes that the logits need, in order: inference.
  const std::vector<ir::NodeId>& inference() const { return inference_; }

  // What is planned, for reports: a tensor, or the scratch memory of a node.
  const std::vector<plan::Block>& blocks() const { return arena_.blocks; }
  const plan::Plan& plan() const { return plan_; }
  std::size_t arena_bytes() const { return arena_bytes_; }
  const std::vector<ArenaPiece>& pieces() const { return pieces_; }
  std::size_t state_bytes() const { return state_bytes_; }  // the step counter first, the replay buffer last
  std::size_t replay_offset() const { return state_bytes_ - replay_bytes(); }
  std::size_t replay_bytes() const;
  // Nodes of the forward pass before the value that is replayed: all without replay.
  ir::NodeId front_end() const;
  // Of it what flash must hold for a new device: all but the trained channels of weights that are there
  // whole.
  std::size_t factory_bytes() const;

  static constexpr std::size_t counter_bytes = 8;

 private:
  void place_state();
  void place_arena(std::int32_t target, const std::string& origin, const std::vector<plan::Region>& memories);
  void spread(const std::vector<plan::Region>& memories);
  void find_inference();
  std::size_t offset_of(std::size_t block) const {
    return block == ArenaBlocks::none ? 0 : plan_.arena.offsets[block];
  }

  passes::TrainingStep step_;
  std::vector<ops::Layout> layouts_;
  quant::Parameters parameters_;
  std::vector<quant::Step> calls_;
  std::vector<Home> homes_;
  std::vector<ir::NodeId> inference_;
  ArenaBlocks arena_;
  plan::Plan plan_;
  std::vector<ArenaPiece> pieces_;
  std::size_t arena_bytes_ = 0, state_bytes_ = 0;
};

}  // namespace frugal::emit
