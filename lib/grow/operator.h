// A growth operator gives every weight of the large model from the small model's weights. Fixed operators are
// plans (grow/plan.h): one file each in grow/operators/, one declaration below and one line of the table in
// operator.cpp. A learned one derives from GrowthOperator itself, and gives tensors that carry a graph to its
// factors.
#pragma once

#include <torch/types.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "grow/growth_config.h"
#include "grow/kernel.h"
#include "grow/plan.h"
#include "model/transformer/transformer.h"

namespace frugal::grow {

// The large model's config. UserError where it is smaller than the source anywhere, or heads do not divide.
TransformerConfig target_of(const TransformerConfig& source, const TargetConfig& sizes);

// One way to widen or to deepen, with what it promises.
struct WidthOperator {
  const char* name;
  const char* help;
  void (*plan)(const OperatorConfig& config, GrowthPlan& plan);
};
struct DepthOperator {
  const char* name;
  const char* help;
  void (*plan)(const OperatorConfig& config, GrowthPlan& plan);
};
std::span<const WidthOperator> width_operators();
std::span<const DepthOperator> depth_operators();

// `coarse`: the weights are written in 16 bits.
GrowthPlan make_plan(const TransformerConfig& source, const TransformerConfig& target,
                     const OperatorConfig& config, std::uint64_t seed, bool coarse = false);

class GrowthOperator {
 public:
  using Source = std::function<torch::Tensor(const std::string& canonical)>;
  virtual ~GrowthOperator() = default;
  virtual const TransformerConfig& target() const = 0;  // with the norms' eps that the operator asks for
  // A weight of the target in canonical layout.
  virtual torch::Tensor weight(const model::WeightSpec& spec, const Source& source) const = 0;
};

class PlannedGrowth : public GrowthOperator {
 public:
  explicit PlannedGrowth(GrowthPlan plan) : plan_(std::move(plan)) {}
  const TransformerConfig& target() const override { return plan_.target; }
  torch::Tensor weight(const model::WeightSpec& spec, const Source& source) const override;
  // The same of Adam's moments: `source` gives exp_avg or exp_avg_sq of a canonical name.
  torch::Tensor moment(const model::WeightSpec& spec, const Source& source, Kind kind) const;
  const GrowthPlan& plan() const { return plan_; }

 private:
  GrowthPlan plan_;
};

// All weights in memory. Moments too, where the source has them.
model::Weights grow(const GrowthOperator& growth, const model::Weights& source);
model::Weights grow_moments(const PlannedGrowth& growth, const model::Weights& source, Kind kind);

// For operators/*.cpp:

// Which target heads come from which source heads, in units, grouped queries kept in their groups. With
// `copies` new heads copy old ones cyclically, else they are fresh. UserError where a source head would be
// lost.
void map_heads(GrowthPlan& plan, bool copies);
// eps and scale of the norms so that a hidden state of `copies` whole copies and averages (LayerNorm) or
// zeros (RMSNorm) keeps its function: both variances are smaller by kd/D. Where eps cannot follow, the hidden
// state is written larger instead.
void keep_norms(GrowthPlan& plan, std::int64_t copies);
// Every width grows by a whole factor, so that whole copies keep the function in post-norm models too.
bool whole_multiples(const GrowthPlan& plan);
// Models in which nothing but whole copies of the hidden state is exact, since something else than the norm
// at the start of a part reads it whole: post-norm ones, and those with a LayerNorm on the embeddings
// (ModernBERT).
bool needs_copies(const TransformerConfig& config);
void no_identity(GrowthPlan& plan);

namespace width {
extern const WidthOperator fresh_read, exact, lemon, fpi, net2net, aki, hypercloning, staged, pad, pad_zero;
}
namespace depth {
extern const DepthOperator identity, stack, interleave, slices, gradual, mslt;
}

}  // namespace frugal::grow
