#include "grow/growth_config.h"

#include <vector>

#include "grow/operator.h"

namespace frugal::grow {

void TargetConfig::visit(config::Visitor& v) {
  // Well beyond the largest model there is: a number with zeros too many is a slip, and every unit of a plan
  // takes memory.
  const auto width = config::between(0, 1 << 20);
  v.field("hidden_size", hidden_size, width, "width; 0: the source's");
  v.field("layers", layers, config::between(0, 10'000), "depth; 0: the source's");
  v.field("heads", heads, width, "attention heads; 0: of the source's size, as many as fit");
  v.field("kv_heads", kv_heads, width, "key-value heads; 0: in the source's ratio to heads");
  v.field("ffn_size", ffn_size, config::between(0, 1 << 23),
          "FFN width; 0: in the source's ratio to hidden_size");
  v.field("experts", experts, config::between(0, 10'000),
          "a LLaMA-type model becomes a mixture (Mixtral) of this many copies of its FFN; 0: as it is");
  v.field("experts_per_token", experts_per_token, config::between(1, 10'000),
          "how many of them a token runs");
}

void OperatorConfig::visit(config::Visitor& v) {
  std::vector<std::string> widths, depths;
  for (const WidthOperator& one : width_operators()) widths.emplace_back(one.name);
  for (const DepthOperator& one : depth_operators()) depths.emplace_back(one.name);
  v.choice("width", width, widths, "how units are added");
  v.choice("depth", depth, depths, "how layers are added");
  v.field("noise", noise, config::at_least(0), "noise on copies, times a tensor's standard deviation");
  v.field("fresh_std", fresh_std, config::at_least(0),
          "standard deviation of fresh entries; 0: 0.02, and 1/sqrt(hidden_size) of fresh");
  v.field("unequal", unequal, "consumers of copies take random shares, not equal ones");
  v.field("redrawn", redrawn, config::between(0, 1),
          "share of each new expert's units that are drawn anew (drop-upcycling); 0 keeps the function");
  v.field("slices", slices, "layers for depth slices, half-open ranges: 0-4,2-6");
}

}  // namespace frugal::grow
