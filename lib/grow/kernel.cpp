#include "grow/kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/random.h"

namespace frugal::grow {
namespace {

using model::Role;

bool last_norm(const GrowthPlan& plan, const model::WeightSpec& spec) {
  return plan.target.tied_head && plan.split_final &&
         (spec.role == Role::head_norm ||
          (spec.role == Role::final_norm && plan.target.head == model::HeadKind::language));
}

// What a weight that writes the hidden state is multiplied by.
double write_factor(const GrowthPlan& plan, const model::WeightSpec& spec) {
  switch (spec.role) {
    case Role::token_embedding:
      return plan.embedding_factor();
    case Role::position_embedding:
    case Role::type_embedding:
    case Role::patch:
    case Role::class_token:
    case Role::distillation_token:
    case Role::mask_token:
      return plan.write_scale;
    default:
      break;
  }
  if (is_post_norm(spec.role)) return plan.write_scale;
  if (!is_output(spec.role)) return 1;
  // A norm after an output takes any scale away, all but for its eps, which 16 bits do not resolve.
  return plan.source.sandwich_norm && plan.coarse ? 1 : plan.write_scale;
}

std::string in_layer(const std::string& name, std::int64_t layer) {
  const auto dot = name.find('.', 7);  // "layers.N.…"
  return fmt::format("layers.{}{}", layer, name.substr(dot));
}

// An expert's weight as it is called in a dense model: "layers.N.experts.E.…" without the expert.
std::string dense_name(const std::string& name) {
  const std::string expert = ".experts.";
  const auto at = name.find(expert);
  return name.substr(0, at) + name.substr(name.find('.', at + expert.size()));
}

// Shares drawn at random around equal ones, which still sum to one over the copies of a unit.
std::vector<double> unequal_shares(const AxisMap& map, base::Random& random) {
  std::vector<double> drawn, sum(static_cast<std::size_t>(map.source_size), 0);
  for (const std::int64_t from : map.from) {
    drawn.push_back(0.5 + random.uniform());
    if (from >= 0) sum[static_cast<std::size_t>(from)] += drawn.back();
  }
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    drawn[i] = map.from[i] < 0 ? 1 : drawn[i] / sum[static_cast<std::size_t>(map.from[i])];
  }
  return drawn;
}

}  // namespace

TensorGrowth::TensorGrowth(const GrowthPlan& plan, const model::WeightSpec& target, Kind kind)
    : plan_(plan), spec_(target), kind_(kind) {
  std::string source = target.name;
  if (target.layer >= 0) {
    const auto layer = static_cast<std::size_t>(target.layer);
    // No gradient reaches an identity block before its output projections have moved.
    zero_ = plan.identity[layer] &&
            (kind == Kind::weights ? closes_block(plan.source, target.role) : kind == Kind::first_moment);
    source = in_layer(target.name, plan.layer_from[layer]);
    if (plan.new_mixture() && target.expert >= 0) source = dense_name(source);
  }
  if (zero_) return;
  passes_ = target.layer >= 0 && plan.identity[static_cast<std::size_t>(target.layer)] &&
            target.hidden_norm() && !plan.target.pre_norm && kind == Kind::weights;
  if (passes_) {
    const std::int64_t from = plan.layer_from[static_cast<std::size_t>(target.layer)];
    const std::string norm = fmt::format("layers.{}.ffn_norm.", std::max<std::int64_t>(0, from - 1));
    sources_ = {norm + "weight", norm + "bias"};
    return;
  }
  // The first layer has no norm here that a layer above it could have come from: a plain one.
  if (plan.target.bare_first && target.role == Role::attention_norm &&
      plan.layer_from[static_cast<std::size_t>(target.layer)] == 0) {
    passes_ = true;
    passing_ = target.bias || kind != Kind::weights ? 0 : plan.norm_scale;
    return;
  }
  drawn_ = plan.new_mixture() && target.role == Role::router;
  if (drawn_) return;
  sources_.push_back(source);
  // AKI: rows of copies are those of the next layer.
  if (plan.next_layer && target.layer >= 0 && !target.norm() && kind == Kind::weights) {
    const std::int64_t from = plan.layer_from[static_cast<std::size_t>(target.layer)];
    const std::int64_t end = from < plan.source.layers ? plan.source.layers : plan.source.stack();
    sources_.push_back(in_layer(source, std::min(from + 1, end - 1)));
  }
  scaled_ = plan.source.layer_scale && is_output(target.role) && kind == Kind::weights && !plan.next_layer;
  if (scaled_) {
    const char* scale = target.role == Role::o ? "attention_scale.weight" : "ffn_scale.weight";
    sources_.push_back(
        fmt::format("layers.{}.{}", plan.layer_from[static_cast<std::size_t>(target.layer)], scale));
  }
  row_map_ = plan.axis(target.rows);
  column_map_ = target.vector() ? nullptr : plan.axis(target.columns);
  source_columns_ = target.vector() ? 1 : column_map_ != nullptr ? column_map_->source_size : target.shape[1];

  const auto power = [&](double factor) { return kind == Kind::second_moment ? factor * factor : factor; };
  const bool weights = kind == Kind::weights;
  const bool tied_norm = last_norm(plan, target);
  const double writes = write_factor(plan, target);
  if (row_map_ != nullptr) {
    for (std::size_t i = 0; i < row_map_->from.size(); ++i) {
      const double share = row_map_->share[i];
      double factor = weights ? 1 : share;
      if (target.hidden_norm()) {
        const bool scaled = !target.bias;
        factor = scaled ? (weights ? plan.norm_scale : share / plan.norm_scale) : (weights ? 1 : share);
        // The tied head reads through the token table, whose copies add up and whose rows may be scaled.
        const double read =
            share / plan.embedding_factor() * plan.source.head_scale() / plan.target.head_scale();
        if (tied_norm) factor = weights ? factor * read : factor / read;
      }
      factor = weights ? factor * writes : factor / writes;
      row_factor_.push_back(power(factor));
    }
  }
  if (column_map_ != nullptr) {
    base::Random random(plan.seed, "shares." + target.name);
    std::vector<double> shares = column_map_->share;
    if (plan.unequal && !target.table && weights) shares = unequal_shares(*column_map_, random);
    const bool diagonal = plan.block_diagonal && !target.table && row_map_ != nullptr;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      const bool takes_share = target.table ? !weights : weights && !diagonal;
      const double table = !target.table ? 1 : weights ? writes : 1 / writes;
      column_factor_.push_back(power((takes_share ? shares[i] : 1) * table));
    }
  }
  plan_columns();
  if (plan.redrawn > 0 && target.expert >= 0 && weights) plan_redrawn();
}

// The same units in what writes them and in what reads them.
void TensorGrowth::plan_redrawn() {
  base::Random random(plan_.seed, fmt::format("redrawn.{}.{}", spec_.layer, spec_.expert));
  const auto units = static_cast<std::size_t>(plan_.target.ffn_size);
  std::vector<std::size_t> order(units);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto count = static_cast<std::size_t>(std::llround(plan_.redrawn * static_cast<double>(units)));
  redrawn_.assign(units, false);
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(order[i], order[i + static_cast<std::size_t>(random.below(units - i))]);
    redrawn_[order[i]] = true;
  }
}

void TensorGrowth::plan_columns() {
  const std::int64_t columns = row_size();
  for (std::int64_t c = 0; c < columns; ++c) {
    const auto i = static_cast<std::size_t>(c);
    const std::int64_t from = column_map_ != nullptr ? column_map_->from[i] : c;
    const double factor = column_map_ != nullptr ? column_factor_[i] : 1;
    if (!runs_.empty()) {
      Run& last = runs_.back();
      const bool next = from < 0 ? from == last.from : last.from >= 0 && from == last.from + last.count;
      const bool same_copy = !plan_.block_diagonal || column_map_ == nullptr || from < 0 ||
                             column_map_->ordinal[i] == column_map_->ordinal[i - 1];
      if (next && factor == last.factor && same_copy) {
        ++last.count;
        continue;
      }
    }
    runs_.push_back({c, from, 1, factor});
  }
}

std::int64_t TensorGrowth::row_count() const { return spec_.shape[0]; }
std::int64_t TensorGrowth::row_size() const { return spec_.vector() ? 1 : spec_.shape[1]; }

}  // namespace frugal::grow
