// Training that passes over parts of the model, to spend less on a step: layers (progressive layer dropping,
// Zhang, He 2020) and tokens in the middle layers (random token dropping, Yao et al. 2022).
#pragma once

#include <cstdint>

#include "config/visitor.h"
#include "model/transformer/transformer.h"

namespace frugal::train {

struct DropConfig {
  double layer_keep = 1;   // share of its steps in which the last layer runs; earlier ones run more often
  double layer_speed = 0;  // 0: at once; else the share falls as exp(−speed · step)
  double token_keep = 1;   // share of the tokens that the middle layers see
  std::int64_t token_first = 1, token_last = -1;  // layers [first, last): −1 counts from the end

  bool any() const { return layer_keep < 1 || token_keep < 1; }
  void visit(config::Visitor& v);
};

// The parts of a step that run, drawn from (seed, step); `share` is the part of the layers' work that is
// left.
model::ForwardOptions draw_drops(const DropConfig& config, const model::TransformerConfig& model,
                                 std::uint64_t seed, std::int64_t step, std::int64_t rows,
                                 std::int64_t tokens, double* share = nullptr);

}  // namespace frugal::train
