// The linear growth operator (LiGO: Wang et al., ICLR 2023): every weight of the large model is a linear map
// of the small one's, factorised into depth and width, and its factors are learned together.
//
//   depth   X_i = Σ_j w_ij W_j           w [target layers, source layers], apart for each kind of weight
//   width   W'_i = B X_i Aᵀ              B = [I; M] of what the rows are, A of what the columns are
//
// One M an axis of the model: hidden (embeddings, all that reads or writes the residual stream, norms), the
// outputs of q, k and v, and the FFN's units. So A of q, k, v, ffn_in and the head is the B of hidden, A of o
// is the B of v, A of ffn_out is the B of ffn_in. The old units stay in place (the I); M alone is learned.
// Depth is applied first: it commutes with width where the M are shared over layers, and works on small
// matrices.
//
// Where it starts: M copies old units in turn (whole heads, neighbouring groups kept), weights that read
// grown axes are scaled by old/new size, so that for whole multiples the widened model is the old one exactly
// (post-norm too). New layers start as identity blocks (o and ffn_out 0) where the model is pre-norm, else as
// copies.
//
// Heads: "whole" makes a new head a combination of old heads, unit by unit, which rotary positions need;
// "free" lets every unit of a new head combine all old units, as the paper does.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "model/transformer/transformer.h"

namespace frugal::grow {

struct LigoConfig {
  bool share_layers = true;    // one M an axis; else one an axis and target layer
  std::string heads = "auto";  // whole, free; auto: free, but whole for rotary positions
  std::string depth = "auto";  // identity, stack, interleave; auto: identity where pre-norm, else stack
  double noise = 0;            // on M at the start

  void visit(config::Visitor& v);
};

class Ligo {
 public:
  // `source` are canonical weights, which are kept without a graph, and on whose device all
  // is. Target sizes must be those that
  // grow::target_of accepts.
  Ligo(const model::TransformerConfig& source, const model::TransformerConfig& target,
       const model::Weights& weights, const LigoConfig& config, std::uint64_t seed);

  const model::TransformerConfig& target() const { return target_; }

  // The leaf tensors that are learned, by name: "width.hidden", "depth.q.weight", …
  const tensor::NamedTensors& factors() const { return factors_; }
  std::int64_t parameter_count() const;

  // The large model's weights in training form, with the graph to the factors.
  model::Weights expand() const;

  // ‖θ − θ₀‖ / ‖θ₀‖ of width and depth: whether the operator moved.
  double moved() const;

  // FLOPs of making the weights once (forward).
  double expand_flops() const;

 private:
  struct Width {
    torch::Tensor matrix;   // [new, old] or, not shared, [layers, new, old]; in units of `unit`
    std::int64_t unit = 1;  // head size where whole heads are combined
    std::int64_t old_size = 0, new_size = 0;
  };

  void add_width(const std::string& name, std::int64_t old_size, std::int64_t new_size, std::int64_t unit,
                 const std::vector<std::int64_t>& from, const LigoConfig& config, std::uint64_t seed);
  const Width* width_of(const model::WeightSpec& spec, model::Dim dim) const;
  torch::Tensor widen_rows(const Width& width, const torch::Tensor& x, bool in_layers) const;
  torch::Tensor widen_columns(const Width& width, const torch::Tensor& x, bool in_layers) const;
  torch::Tensor widen(const model::WeightSpec& spec, torch::Tensor x, bool in_layers) const;
  double read_share(const model::WeightSpec& spec) const;

  model::TransformerConfig source_, target_;
  model::Weights weights_;
  std::map<std::string, Width> widths_;
  tensor::NamedTensors factors_;
  std::vector<torch::Tensor> first_;  // the factors' starting values
  struct LayerKind {
    model::WeightSpec spec;  // of the target's layer 0
    std::string ending;      // "q.weight"
    torch::Tensor stacked;   // [source layers, rows · columns]
    torch::Tensor depth;     // [target layers, source layers]
  };
  std::vector<LayerKind> kinds_;
};

}  // namespace frugal::grow
