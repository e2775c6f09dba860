#include "grow/plan.h"

#include <algorithm>

#include "base/error.h"

namespace frugal::grow {

using model::Role;

void count_copies(AxisMap& map) {
  std::vector<std::int64_t> count(static_cast<std::size_t>(map.source_size), 0);
  map.ordinal.assign(map.from.size(), 0);
  for (std::size_t i = 0; i < map.from.size(); ++i) {
    if (map.from[i] >= 0) map.ordinal[i] = count[static_cast<std::size_t>(map.from[i])]++;
  }
  map.share.assign(map.from.size(), 1);
  for (std::size_t i = 0; i < map.from.size(); ++i) {
    if (map.from[i] >= 0) {
      map.share[i] = 1.0 / static_cast<double>(count[static_cast<std::size_t>(map.from[i])]);
    }
  }
}

AxisMap cyclic(std::int64_t source, std::int64_t target) {
  AxisMap map;
  map.source_size = source;
  for (std::int64_t i = 0; i < target; ++i) map.from.push_back(i % source);
  count_copies(map);
  return map;
}

AxisMap with_fresh(std::int64_t source, std::int64_t target) {
  AxisMap map;
  map.source_size = source;
  for (std::int64_t i = 0; i < target; ++i) map.from.push_back(i < source ? i : fresh);
  count_copies(map);
  return map;
}

AxisMap whole_copies(std::int64_t source, std::int64_t target, bool averages) {
  AxisMap map;
  map.source_size = source;
  const std::int64_t copied = target / source * source;
  for (std::int64_t i = 0; i < target; ++i) {
    map.from.push_back(i < copied ? i % source : averages ? average : fresh);
  }
  count_copies(map);
  return map;
}

AxisMap spread_heads(const AxisMap& heads, std::int64_t head_dim) {
  AxisMap map;
  map.source_size = heads.source_size * head_dim;
  map.produce = heads.produce;
  map.consume = heads.consume;
  for (std::size_t i = 0; i < heads.from.size(); ++i) {
    for (std::int64_t j = 0; j < head_dim; ++j) {
      map.from.push_back(heads.from[i] < 0 ? fresh : heads.from[i] * head_dim + j);
      map.ordinal.push_back(heads.ordinal[i]);
      map.share.push_back(heads.share[i]);
    }
  }
  return map;
}

double GrowthPlan::embedding_factor() const {
  return write_scale * source.embedding_scale() / target.embedding_scale();
}

const AxisMap* GrowthPlan::axis(Dim dim) const {
  switch (dim) {
    case Dim::hidden:
      return &hidden;
    case Dim::heads:
      return &heads;
    case Dim::head_count:
      return &head_count;
    case Dim::kv:
      return &kv;
    case Dim::ffn:
      return &ffn;
    default:
      return nullptr;
  }
}

bool is_output(Role role) { return role == Role::o || role == Role::cross_o || role == Role::ffn_out; }
bool is_post_norm(Role role) { return role == Role::post_attention_norm || role == Role::post_ffn_norm; }
bool closes_block(const TransformerConfig& config, Role role) {
  return config.sandwich_norm ? is_post_norm(role) : is_output(role);
}

}  // namespace frugal::grow
