#include "grow/operator.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>

#include "base/error.h"
#include "model/transformer/mixture.h"

namespace frugal::grow {
namespace {

using base::UserError;
using torch::Tensor;

// The table of fixed growth operators.
const WidthOperator widths[] = {width::fresh_read, width::exact,   width::lemon,        width::fpi,
                                width::net2net,    width::aki,     width::hypercloning, width::staged,
                                width::pad,        width::pad_zero};
const DepthOperator depths[] = {depth::identity, depth::stack,   depth::interleave,
                                depth::slices,   depth::gradual, depth::mslt};

template <class T>
Tensor run(TensorGrowth& growth, const model::WeightSpec& spec, const std::vector<Tensor>& sources,
           const torch::TensorOptions& options) {
  std::vector<const T*> data;
  for (const Tensor& one : sources) data.push_back(one.const_data_ptr<T>());
  Tensor out = torch::empty(spec.shape, options);
  growth.measure<T>(data);
  growth.rows<T>(data, 0, growth.row_count(), out.data_ptr<T>());
  return out;
}

Tensor planned(const GrowthPlan& plan, const model::WeightSpec& spec, const GrowthOperator::Source& source,
               Kind kind) {
  const torch::NoGradGuard no_grad;
  TensorGrowth growth(plan, spec, kind);
  std::vector<Tensor> sources;
  for (const std::string& name : growth.sources()) sources.push_back(source(name).detach().contiguous());
  // A weight that is all zero takes its type from one that every model has.
  const auto options =
      (sources.empty() ? source("layers.0.q.weight") : sources[0]).options().requires_grad(false);
  switch (options.dtype().toScalarType()) {
    case torch::kFloat64:
      return run<double>(growth, spec, sources, options);
    case torch::kHalf:
      return run<c10::Half>(growth, spec, sources, options);
    case torch::kBFloat16:
      return run<c10::BFloat16>(growth, spec, sources, options);
    default:
      return run<float>(growth, spec, sources, options);
  }
}

// A decoder's layers grow as the encoder's do, by themselves.
void plan_depth(const DepthOperator& depth, const OperatorConfig& config, GrowthPlan& plan) {
  GrowthPlan decoder = plan;
  depth.plan(config, plan);
  if (plan.source.decoder_layers == 0) return;
  decoder.source.layers = plan.source.decoder_layers;
  decoder.target.layers = plan.target.decoder_layers;
  depth.plan(config, decoder);
  for (std::size_t l = 0; l < decoder.layer_from.size(); ++l) {
    plan.layer_from.push_back(plan.source.layers + decoder.layer_from[l]);
    plan.identity.push_back(decoder.identity[l]);
  }
  if (decoder.keeps.empty()) plan.keeps.clear();
}

}  // namespace

std::span<const WidthOperator> width_operators() { return widths; }
std::span<const DepthOperator> depth_operators() { return depths; }

TransformerConfig target_of(const TransformerConfig& source, const TargetConfig& sizes) {
  TransformerConfig target =
      sizes.experts > 0 ? model::as_mixture(source, sizes.experts, sizes.experts_per_token) : source;
  if (sizes.hidden_size > 0) target.hidden_size = sizes.hidden_size;
  if (sizes.layers > 0) {
    target.layers = sizes.layers;
    target.decoder_layers = source.decoder_layers * sizes.layers / source.layers;
  }
  if (sizes.heads > 0) {
    target.heads = sizes.heads;
  } else if (target.hidden_size != source.hidden_size) {
    const std::int64_t wide = source.heads * target.hidden_size;
    if (wide % source.hidden_size != 0) {
      throw UserError(
          "target.hidden_size",
          fmt::format("{} is no whole number of heads: the source has {} of {} at {}", target.hidden_size,
                      source.heads, source.head_dim, source.hidden_size),
          fmt::format("give target.heads, or a multiple of {}", source.hidden_size / source.heads));
    }
    target.heads = wide / source.hidden_size;
  }
  target.kv_heads = sizes.kv_heads > 0 ? sizes.kv_heads
                    : (target.heads * source.kv_heads) % source.heads == 0
                        ? target.heads * source.kv_heads / source.heads
                        : source.kv_heads;
  target.ffn_size =
      sizes.ffn_size > 0 ? sizes.ffn_size : source.ffn_size * target.hidden_size / source.hidden_size;
  if (source.ffn_times > 0) {
    target.ffn_size = source.ffn_of(target.hidden_size);
    if (sizes.ffn_size > 0 && sizes.ffn_size != target.ffn_size) {
      throw UserError("target.ffn_size",
                      fmt::format("{} is not what mlp_ratio {} makes of a hidden size of {}", sizes.ffn_size,
                                  source.ffn_times, target.hidden_size),
                      fmt::format("{}, or leave it out", target.ffn_size));
    }
  }
  if (target.embedding_size == target.hidden_size) {
    throw UserError(
        "target.hidden_size",
        fmt::format("{} is the tables' own width (embedding_size), at which the architecture has no "
                    "projection between them",
                    target.hidden_size),
        "another width");
  }
  const auto grown = [&](const char* field, std::int64_t to, std::int64_t from) {
    if (to < from) {
      throw UserError(fmt::format("target.{}", field),
                      fmt::format("{} is smaller than the source's {}", to, from), "a model can only grow");
    }
  };
  grown("hidden_size", target.hidden_size, source.hidden_size);
  grown("layers", target.layers, source.layers);
  grown("heads", target.heads, source.heads);
  grown("kv_heads", target.kv_heads, source.kv_heads);
  grown("ffn_size", target.ffn_size, source.ffn_size);
  if (target.heads % target.kv_heads != 0) {
    throw UserError("target.kv_heads",
                    fmt::format("{} key-value heads do not divide {} heads", target.kv_heads, target.heads));
  }
  // Where files cannot say head_dim it is hidden_size / heads, and heads keep their size.
  if (target.heads_make_hidden && target.heads * source.head_dim != target.hidden_size) {
    throw UserError("target.heads",
                    fmt::format("{} heads of {} do not make a hidden size of {}", target.heads,
                                source.head_dim, target.hidden_size),
                    fmt::format("heads keep their size: {} heads, or a hidden size of {}",
                                target.hidden_size / source.head_dim, target.heads * source.head_dim));
  }
  if (target.heads_divide_hidden && target.hidden_size % target.heads != 0) {
    throw UserError("target.heads",
                    fmt::format("{} heads do not divide a hidden size of {}, which transformers asks for",
                                target.heads, target.hidden_size),
                    fmt::format("a hidden size that is a multiple of {}", target.heads));
  }
  for (std::size_t i = target.layer_kinds.size(); i < static_cast<std::size_t>(target.layers) && i > 0; ++i) {
    target.layer_kinds.push_back(source.layer_kinds[i % source.layer_kinds.size()]);
  }
  check(target);
  return target;
}

GrowthPlan make_plan(const TransformerConfig& source, const TransformerConfig& target,
                     const OperatorConfig& config, std::uint64_t seed, bool coarse) {
  GrowthPlan plan;
  plan.coarse = coarse;
  plan.source = source;
  plan.target = target;
  plan.noise = config.noise;
  if (config.fresh_std > 0) plan.fresh_std = config.fresh_std;
  plan.unequal = config.unequal;
  plan.redrawn = config.redrawn;
  if (plan.redrawn > 0 && !plan.new_mixture()) {
    throw UserError("operator.redrawn", "is of the experts of a new mixture", "give target.experts");
  }
  plan.seed = seed;
  for (const WidthOperator& one : width_operators()) {
    if (config.width == one.name) one.plan(config, plan);
  }
  for (const DepthOperator& one : depth_operators()) {
    if (config.depth == one.name) plan_depth(one, config, plan);
  }
  FRUGAL_ASSERT(plan.hidden.size() == target.hidden_size, "an operator that left an axis out");
  FRUGAL_ASSERT(static_cast<std::int64_t>(plan.layer_from.size()) == target.stack(),
                "an operator without layers");
  // Whatever the operators say: layers in another order, or one of them twice, are another function.
  std::int64_t next = 0;
  for (std::size_t l = 0; l < plan.layer_from.size(); ++l) {
    if (!plan.identity[l] && plan.layer_from[l] == next) {
      ++next;
    } else if (!plan.identity[l]) {
      plan.keeps.clear();
    }
  }
  if (next != source.stack() || plan.redrawn > 0) plan.keeps.clear();
  for (std::size_t l = 0; l < plan.target.layer_kinds.size(); ++l) {
    plan.target.layer_kinds[l] = source.kind_of(plan.layer_from[l]);
  }
  return plan;
}

Tensor PlannedGrowth::weight(const model::WeightSpec& spec, const Source& source) const {
  return planned(plan_, spec, source, Kind::weights);
}

Tensor PlannedGrowth::moment(const model::WeightSpec& spec, const Source& source, Kind kind) const {
  return planned(plan_, spec, source, kind);
}

model::Weights grow(const GrowthOperator& growth, const model::Weights& source) {
  model::Weights grown;
  const auto read = [&](const std::string& name) { return source.at(name); };
  for (const auto& spec : weight_specs(growth.target())) grown.set(spec.name, growth.weight(spec, read));
  return grown;
}

model::Weights grow_moments(const PlannedGrowth& growth, const model::Weights& source, Kind kind) {
  model::Weights grown;
  const auto read = [&](const std::string& name) { return source.at(name); };
  for (const auto& spec : weight_specs(growth.target()))
    grown.set(spec.name, growth.moment(spec, read, kind));
  return grown;
}

void map_heads(GrowthPlan& plan, bool copies) {
  const TransformerConfig& s = plan.source;
  const TransformerConfig& t = plan.target;
  const std::int64_t group = s.heads / s.kv_heads, wide = t.heads / t.kv_heads;
  AxisMap kv = copies ? cyclic(s.kv_heads, t.kv_heads) : with_fresh(s.kv_heads, t.kv_heads);
  AxisMap heads;
  heads.source_size = s.heads;
  std::vector<bool> kept(static_cast<std::size_t>(s.heads), false);
  for (std::int64_t g = 0; g < t.kv_heads; ++g) {
    const auto i = static_cast<std::size_t>(g);
    for (std::int64_t j = 0; j < wide; ++j) {
      // A later copy of a key-value head goes on where the earlier ones stopped among its queries.
      const std::int64_t slot = kv.ordinal[i] * wide + j;
      const bool old = kv.from[i] >= 0 && (copies || slot < group);
      heads.from.push_back(old ? kv.from[i] * group + slot % group : fresh);
      if (old) kept[static_cast<std::size_t>(heads.from.back())] = true;
    }
  }
  if (std::find(kept.begin(), kept.end(), false) != kept.end()) {
    throw UserError("target.kv_heads",
                    fmt::format("{} heads in {} groups have no place for {} heads in {} groups", t.heads,
                                t.kv_heads, s.heads, s.kv_heads),
                    fmt::format("keep at least {} heads a key-value head", group));
  }
  count_copies(heads);
  plan.head_count = heads;
  plan.heads = spread_heads(heads, s.head_dim);
  plan.kv = spread_heads(kv, s.head_dim);
}

void keep_norms(GrowthPlan& plan, std::int64_t copies) {
  const double ratio =
      static_cast<double>(copies * plan.source.hidden_size) / static_cast<double>(plan.target.hidden_size);
  if (plan.source.fixed_eps || plan.source.qk_norm || plan.source.scaled_embedding) {
    plan.write_scale = 1 / std::sqrt(ratio);
    plan.norm_scale = std::sqrt(ratio);
    return;
  }
  plan.norm_scale = std::sqrt(ratio);
  plan.target.norm_eps = plan.source.norm_eps * ratio;
}

bool whole_multiples(const GrowthPlan& plan) {
  return plan.target.hidden_size % plan.source.hidden_size == 0;
}

bool needs_copies(const TransformerConfig& config) {
  return !config.pre_norm || (config.embedding_norm && config.norm == model::NormKind::layer_norm);
}

void no_identity(GrowthPlan& plan) {
  plan.identity.assign(static_cast<std::size_t>(plan.target.layers), false);
}

}  // namespace frugal::grow
