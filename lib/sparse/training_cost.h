// What one training step of a network on integers costs under an update scheme, known before anything is
// trained: compute and bytes of every layer, and the memory that the step needs at once, as lib/plan places
// it. The step is the graph that `adapt` runs: forward, loss and the part of the backward pass that the
// scheme needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sparse/scheme.h"

namespace frugal::sparse {

// Of one node of the forward pass.
struct LayerCost {
  std::string name, op;
  std::int64_t number = -1;  // as schemes count layers; -1: none of them (the head, a pool)
  std::int64_t forward_macs = 0, input_gradient_macs = 0, weight_gradient_macs = 0;
  std::int64_t weight_bytes = 0;   // weights and biases, as they are stored
  std::int64_t updated_bytes = 0;  // those of them that a step changes
  std::int64_t mask_bytes = 0;  // where its output was clamped: a bit an element, kept for the backward pass
  std::int64_t kept_bytes = 0;  // what it took, where that is kept for the backward pass

  std::int64_t backward_macs() const { return input_gradient_macs + weight_gradient_macs; }
};

// kept: an activation that the backward pass reads. update: the gradient of trained numbers.
enum class Use { activation, kept, mask, gradient, update };
const char* name_of(Use use);

// One tensor in the memory of a step: from when to when (steps, both included), and where it lies.
struct TensorLife {
  std::string name;
  Use use = Use::activation;
  std::int64_t bytes = 0, offset = 0;
  ir::NodeId first = 0, last = 0;
};

struct TrainingCost {
  std::vector<LayerCost> layers;
  LayerCost all;  // their sums; a tensor that two layers keep counts once

  // Each node of the training graph is a step; those before forward_end are the forward pass and the loss.
  std::vector<std::string> steps;
  ir::NodeId forward_end = 0;
  std::vector<TensorLife> tensors;
  std::vector<std::int64_t> alive_bytes;  // by step
  ir::NodeId peak = 0;                    // the step where most is alive

  // One block of memory that holds all tensors: of the forward pass without training; of a training step at
  // batch 1, every update applied as soon as its gradient is there.
  std::int64_t forward_peak_bytes = 0, step_peak_bytes = 0;
  std::int64_t scratch_bytes = 0;   // beside it, of the kernels
  std::int64_t gradient_bytes = 0;  // beside it, where the gradients of a batch are added up first
  std::int64_t extra_bits = 0;      // the published formula (sparse/memory.h)

  // Alive at the peak, the largest first.
  std::vector<TensorLife> at_peak() const;
};

// `model` has its head in float, as `adapt` trains it. Throws UserError at "origin: node" for an operator
// that has no gradient where one is needed, or no kernel.
TrainingCost training_cost(const ir::Model& model, const UpdateScheme& scheme, const std::string& origin);

}  // namespace frugal::sparse
