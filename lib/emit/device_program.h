// A training step made ready for a device: which kernel each node calls, and where each number lies, in
// flash, in the state that is saved, or in the arena that steps share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "passes/updates.h"
#include "plan/plan.h"
#include "quant/call.h"
#include "quant/program.h"

namespace frugal::emit {

enum class Place { flash, state, arena };

struct Home {
  Place place = Place::flash;
  std::size_t offset = 0;  // bytes into the state or the arena
};

// Layers that run row by row (ops/rows.h): between them lie some rows, not whole maps.
struct RowChain {
  ir::NodeRange nodes;
  std::size_t state = 0;  // where in the arena ops_run_rows counts
};

class DeviceProgram {
 public:
  // target: of ops.h, whose kernels need scratch memory of their own. Throws UserError at "origin: node" for
  // an operator without a kernel.
  DeviceProgram(passes::TrainingStep step, std::int32_t target, const std::string& origin);

  const passes::TrainingStep& step() const { return step_; }
  const ir::Graph& graph() const { return step_.model.graph; }
  const quant::Step& calls(ir::NodeId node) const { return calls_[static_cast<std::size_t>(node)]; }
  const Home& home(ir::TensorId id) const { return homes_[static_cast<std::size_t>(id)]; }
  std::size_t scratch_offset(ir::NodeId node) const { return scratch_[static_cast<std::size_t>(node)]; }
  const std::vector<ops::Layout>& layouts() const { return layouts_; }
  // A parameter's or constant's numbers, as the kernels take them.
  std::span<const std::byte> numbers(ir::TensorId id) const;
  const std::vector<RowChain>& chains() const { return chains_; }
  // The chain that a node belongs to; null: it runs at once.
  const RowChain* chain_of(ir::NodeId node) const;
  // Nodes that the logits need, in order: inference.
  const std::vector<ir::NodeId>& inference() const { return inference_; }

  // What is planned, for reports: a tensor, or the scratch memory of a node.
  const std::vector<plan::Block>& blocks() const { return blocks_; }
  const plan::Plan& plan() const { return plan_; }
  std::size_t arena_bytes() const { return arena_bytes_; }
  std::size_t state_bytes() const { return state_bytes_; }  // the step counter first

  static constexpr std::size_t alignment = 8, counter_bytes = 8;

 private:
  void place_state();
  void place_arena(std::int32_t target);
  void add_chains(std::vector<plan::Block>& lives, const std::vector<ir::TensorId>& owners);
  std::size_t scratch_of(ir::NodeRange nodes, std::int32_t target) const;
  void find_inference();

  passes::TrainingStep step_;
  std::vector<ops::Layout> layouts_;
  quant::Parameters parameters_;
  std::vector<quant::Step> calls_;
  std::vector<Home> homes_;
  std::vector<std::size_t> scratch_;
  std::vector<ir::NodeId> inference_;
  std::vector<RowChain> chains_;
  std::vector<plan::Block> blocks_;
  plan::Plan plan_;
  std::size_t arena_bytes_ = 0, state_bytes_ = 0;
};

}  // namespace frugal::emit
