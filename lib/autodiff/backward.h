// From a network and what is to be trained of it to one graph: forward, loss and backward. Gradients are
// ordinary nodes, so that everything that works on graphs works on them. What no trained number needs is not
// there: backward ends below the last trained layer.
//
// Gradients are by the numbers as they are stored. Of y = clamp(round((Σ (x − z_x)·w + b)·e) + z_y) with
// e = s_x·s_w/s_y and a gradient g of y (Lin et al., NeurIPS 2022, section 2.1):
//   g′ = g·e where y was not clamped, else 0;   g_b = Σ g′;   g_x = convᵀ(g′, w);   g_w = corr(x − z_x, g′)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "autodiff/trained_layer.h"
#include "ir/model.h"

namespace frugal::autodiff {

// A parameter and its gradient: [out, channels, kernel…] in f32. Without floats: i16 mantissas, whose value
// is scale · mantissa · 2^exponent (one scale, or one an index of the first axis).
struct Gradient {
  ir::TensorId parameter = ir::none, gradient = ir::none;
  ir::NodeId node = ir::none;  // of the forward graph
  std::vector<std::int64_t> channels;
  ir::TensorId exponent = ir::none;
  std::vector<double> scale;
};

struct TrainingGraph {
  ir::Model model;             // outputs: logits, loss, then the gradients (and their exponents)
  ir::NodeId forward_end = 0;  // nodes [0, forward_end) are the forward pass and the loss
  // Of node forward_end + i, the node of the forward pass whose gradient it is a part of.
  std::vector<ir::NodeId> gradient_of;
  // label: none of an auto-encoder, whose logits are its output.
  ir::TensorId image = ir::none, label = ir::none, logits = ir::none, loss = ir::none;
  std::vector<Gradient> gradients;
};

// `model` has one input, one output of logits [1, classes] in f32, or in i32 with a scale: then nothing in
// the backward pass is in float (quant/integer_network.h makes such a head). One with as many numbers as the
// input, in i8, is an auto-encoder's: the loss is its mean squared error against the input. Throws UserError
// at "origin: node" for an operator that has no gradient where one is needed, and for a layer that cannot be
// trained.
TrainingGraph with_backward(const ir::Model& model, const std::vector<TrainedLayer>& trained,
                            const std::string& origin);

// Whether the output is held against the input.
bool is_autoencoder(const ir::Graph& graph);

// The layers that have a weight, in the order they run; their numbers are what schemes and reports count.
std::vector<ir::NodeId> layers_with_weights(const ir::Graph& graph);

}  // namespace frugal::autodiff
