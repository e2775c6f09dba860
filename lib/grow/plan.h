// Growth as a plan: where each unit of the large model comes from. Every fixed operator of the literature is
// a choice of these maps, so an operator (grow/operators/*.cpp) fills a plan and one kernel (grow/kernel.h)
// makes the weights from it.
//
// A weight of the large model is W'[r, c] = produce(r) · W[from(r), from(c)] · consume(c), plus fresh
// entries. A unit that is a copy produces what its source produces; those who consume it take shares that sum
// to one, so that the function is kept (Net2Net, Chen et al. 2016; LEMON, Wang et al. 2024).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/transformer/config.h"

namespace frugal::grow {

using model::Dim;
using model::TransformerConfig;

inline constexpr std::int64_t fresh = -1;    // a unit that the small model has not
inline constexpr std::int64_t average = -2;  // produces the mean of all source units (LEMON)

// Entries of fresh units.
enum class Fill { zero, random };

// One axis: for each target unit its source unit (or fresh, average) and the share that its consumers take.
struct AxisMap {
  std::vector<std::int64_t> from;
  std::vector<std::int64_t> ordinal;  // which copy of its source it is: 0 for the first
  std::vector<double> share;          // 1 / number of copies, unless an operator says otherwise
  Fill produce = Fill::zero;          // rows of fresh units
  Fill consume = Fill::random;        // columns of fresh units
  std::int64_t source_size = 0;

  std::int64_t size() const { return static_cast<std::int64_t>(from.size()); }
};

// Unit i from i mod source; with `fresh_rest` units beyond the source are fresh instead.
AxisMap cyclic(std::int64_t source, std::int64_t target);
AxisMap with_fresh(std::int64_t source, std::int64_t target);
// Whole copies, then averages for the rest (LayerNorm) or fresh zeros (RMSNorm).
AxisMap whole_copies(std::int64_t source, std::int64_t target, bool averages);
// Shares and ordinals from `from`.
void count_copies(AxisMap& map);
// A map of heads to a map of their units.
AxisMap spread_heads(const AxisMap& heads, std::int64_t head_dim);

struct GrowthPlan {
  TransformerConfig source, target;
  AxisMap hidden, heads, kv, ffn;  // heads, kv in units of head_dim · heads
  AxisMap head_count;              // heads as such

  // Layers: source of each target layer, and whether its output projections are zero (an identity block).
  std::vector<std::int64_t> layer_from;
  std::vector<bool> identity;

  double norm_scale = 1;  // of every norm's weight: sqrt(kd/D) where copies and averages change the variance
  // Where eps cannot follow the variance (no key for it, or norms on q and k that share it) the variance
  // stays: whatever writes the hidden state writes it larger by this.
  double write_scale = 1;
  bool split_final =
      true;  // the last norm is divided by its units' copy counts (a tied head sums over copies)
  bool block_diagonal = false;  // staged training: [[W, 0], [0, W]]
  bool next_layer = false;      // AKI: rows of copies come from layer l + 1
  bool unequal = false;         // LEMON: copies share at random, not equally
  double noise = 0;             // on copies, times the tensor's own std; sums to zero over what is consumed
  double fresh_std = 0.02;
  double redrawn = 0;   // share of the units of each expert of a new mixture
  bool coarse = false;  // written in 16 bits: factors that are powers of two are exact there, others are not
  std::uint64_t seed = 0;

  // What the operator promises at the start, in words; empty: nothing.
  std::string keeps;
  // What training should do with it (gradual stacking, MSLT); empty: nothing special.
  std::string schedule;

  bool new_mixture() const { return target.experts > 0 && source.experts == 0; }
  const AxisMap* axis(Dim dim) const;  // null for axes that do not grow
  double embedding_factor()
      const;  // of the token table: write_scale, less what the model's own scale grows by
};

// What writes the hidden state: the projections at the end of attention and of the feed-forward part; and the
// norms that an architecture may have behind them.
bool is_output(model::Role role);
bool is_post_norm(model::Role role);
// What is zero in a block that adds nothing: the norms behind the outputs where there are any, else the
// outputs.
bool closes_block(const model::TransformerConfig& config, model::Role role);

}  // namespace frugal::grow
