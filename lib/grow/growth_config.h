// What a user says of a growth: the large model's sizes and the operator. No torch here.
#pragma once

#include <cstdint>
#include <string>

#include "config/visitor.h"

namespace frugal::grow {

// Sizes of the large model; 0: as the small one (ffn_size and heads then keep their ratio to hidden_size).
struct TargetConfig {
  std::int64_t hidden_size = 0, layers = 0, heads = 0, kv_heads = 0, ffn_size = 0;
  std::int64_t experts = 0, experts_per_token = 2;  // a dense model becomes a mixture of as many copies
  void visit(config::Visitor& v);
};

struct OperatorConfig {
  std::string width = "fresh", depth = "identity";
  double noise = 0;      // on copies, times a tensor's std
  double fresh_std = 0;  // of fresh random entries; 0: the operator's own
  bool unequal = false;  // copies share at random
  double redrawn = 0;    // share of each new expert's units that start anew
  std::string slices;    // of depth "slices": "0-4,2-6"
  void visit(config::Visitor& v);
};

}  // namespace frugal::grow
