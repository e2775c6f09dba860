#include "grow/kernel.h"

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "base/error.h"
#include "base/random.h"

namespace frugal::grow {
namespace {

using model::Role;

// Float64 stays float64; everything else is computed in float32.
template <class T>
using RealOf = std::conditional_t<std::is_same_v<T, double>, double, float>;

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

// Close to a standard normal and cut at 3.5: four uniform numbers of 16 bits, summed. One draw of 64 bits an
// entry, ten times as fast as an exact one; initial weights ask for no more.
double near_normal(base::Random& random) {
  const std::uint64_t bits = random.next();
  const auto sum =
      static_cast<double>((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48));
  return (sum - 131070) * (1.7320508075688772 / 65536);
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
  sources_.push_back(source);
  // AKI: rows of copies are those of the next layer.
  if (plan.next_layer && target.layer >= 0 && !target.norm() && kind == Kind::weights) {
    const std::int64_t from = plan.layer_from[static_cast<std::size_t>(target.layer)];
    sources_.push_back(in_layer(target.name, std::min(from + 1, plan.source.layers - 1)));
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
        const double read = share / plan.embedding_factor();
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

// A norm after a sum to which nothing was added sees x = γz + β, the norm before the block having made z. To
// give x back it needs the scale and the mean that it takes away: those of x over its units. With z of mean 0
// and variance 1 in every unit they are sqrt(mean γ² + var β) and mean β; how far a token is from that is the
// difference that is left.
template <class T>
double passing_value(std::span<const T* const> scale_and_shift, std::int64_t units, bool shift) {
  double squares = 0, sum = 0;
  for (std::int64_t i = 0; i < units; ++i) {
    const auto gamma = static_cast<double>(scale_and_shift[0][i]);
    const auto beta = static_cast<double>(scale_and_shift[1][i]);
    squares += gamma * gamma + beta * beta;
    sum += beta;
  }
  const auto n = static_cast<double>(units);
  return shift ? sum / n : std::sqrt(squares / n - sum / n * (sum / n));
}

template <class T>
void TensorGrowth::measure(std::span<const T* const> sources) {
  if (passes_) {
    passing_ = passing_value<T>(sources, plan_.source.hidden_size, spec_.bias);
    return;
  }
  const bool norm_scale = spec_.norm() && !spec_.bias;
  if (zero_ || (plan_.noise == 0 && kind_ != Kind::second_moment && !norm_scale)) return;
  const std::int64_t rows = row_map_ != nullptr ? row_map_->source_size : row_count();
  const std::int64_t count = rows * source_columns_;
  double sum = 0, squares = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto value = static_cast<double>(sources[0][i]);
    sum += value;
    squares += value * value;
  }
  mean_ = sum / static_cast<double>(count);
  std_ = std::sqrt(std::max(0.0, squares / static_cast<double>(count) - mean_ * mean_));
}

// One row from its source row (or the mean row) `base`; `produced` false: a fresh row.
template <class Real>
void TensorGrowth::fill_row(std::int64_t row, const Real* base, bool produced, Real* out) const {
  const auto r = static_cast<std::size_t>(row);
  const Real row_factor = row_map_ != nullptr ? static_cast<Real>(row_factor_[r]) : Real{1};
  const bool weights = kind_ == Kind::weights;
  const bool diagonal = plan_.block_diagonal && row_map_ != nullptr && column_map_ != nullptr;
  base::Random random(plan_.seed, fmt::format("{}.{}", spec_.name, row));
  const auto fresh_value = [&](Fill fill) {
    if (kind_ == Kind::second_moment) return static_cast<Real>(mean_);
    if (!weights || fill == Fill::zero) return Real{0};
    return static_cast<Real>(plan_.fresh_std * near_normal(random));
  };
  const Fill row_fill = row_map_ != nullptr ? row_map_->produce : Fill::random;
  for (const Run& run : runs_) {
    Real* to = out + run.to;
    if (!produced) {
      const Fill fill = run.from < 0 && column_map_->consume == Fill::zero ? Fill::zero : row_fill;
      for (std::int64_t i = 0; i < run.count; ++i) to[i] = fresh_value(fill);
    } else if (run.from == average && spec_.table) {
      double sum = 0;
      for (std::int64_t i = 0; i < source_columns_; ++i) sum += static_cast<double>(base[i]);
      const Real mean = weights ? static_cast<Real>(sum / static_cast<double>(source_columns_) * run.factor)
                                : fresh_value(Fill::zero);
      std::fill(to, to + run.count, mean);
    } else if (run.from < 0) {
      const Fill fill = spec_.table ? column_map_->produce : column_map_->consume;
      for (std::int64_t i = 0; i < run.count; ++i) to[i] = fresh_value(fill);
    } else if (diagonal && column_map_->ordinal[static_cast<std::size_t>(run.to)] != row_map_->ordinal[r]) {
      std::fill(to, to + run.count, Real{0});
    } else {
      const Real factor = row_factor * static_cast<Real>(run.factor);
      const Real* from = base + run.from;
      for (std::int64_t i = 0; i < run.count; ++i) to[i] = from[i] * factor;
    }
  }
  if (plan_.noise == 0 || !weights || !produced || column_map_ == nullptr || spec_.table || diagonal) return;
  // Noise on copies that sums to zero over what one source column feeds.
  std::vector<double> drawn(column_map_->from.size(), 0), sum(static_cast<std::size_t>(source_columns_), 0);
  for (std::size_t c = 0; c < drawn.size(); ++c) {
    const std::int64_t from = column_map_->from[c];
    if (from < 0 || column_map_->share[c] == 1) continue;
    drawn[c] = plan_.noise * std_ * random.normal();
    sum[static_cast<std::size_t>(from)] += drawn[c] * column_map_->share[c];
  }
  for (std::size_t c = 0; c < drawn.size(); ++c) {
    const std::int64_t from = column_map_->from[c];
    if (from < 0 || column_map_->share[c] == 1) continue;
    out[c] += static_cast<Real>(drawn[c] - sum[static_cast<std::size_t>(from)]);
  }
}

template <class T>
void TensorGrowth::rows(std::span<const T* const> sources, std::int64_t begin, std::int64_t end,
                        T* out) const {
  using Real = RealOf<T>;
  const std::int64_t size = row_size();
  if (zero_) {
    std::fill(out, out + (end - begin) * size, static_cast<T>(0));
    return;
  }
  if (passes_) {
    std::fill(out, out + (end - begin) * size, static_cast<T>(passing_));
    return;
  }
  const auto columns = static_cast<std::size_t>(source_columns_);
  std::vector<Real> base(columns), row(static_cast<std::size_t>(size)), mean_row;
  for (std::int64_t r = begin; r < end; ++r, out += size) {
    const std::int64_t from = row_map_ != nullptr ? row_map_->from[static_cast<std::size_t>(r)] : r;
    const bool fresh_row = from == fresh || (from == average && kind_ != Kind::weights);
    if (spec_.vector() && from < 0 && (fresh_row || spec_.norm())) {
      // Vectors: biases of fresh units are 0, norms' scales the mean of the old ones, tokens as produced.
      Real value = 0;
      if (kind_ == Kind::second_moment || (spec_.norm() && !spec_.bias && kind_ == Kind::weights)) {
        value = static_cast<Real>(mean_ * (kind_ == Kind::weights ? plan_.norm_scale : 1));
      }
      *out = static_cast<T>(value);
      continue;
    }
    const Real* line = base.data();
    if (from == average && !fresh_row) {
      if (mean_row.empty()) {
        std::vector<double> sum(columns, 0);
        for (std::int64_t s = 0; s < row_map_->source_size; ++s) {
          for (std::size_t c = 0; c < columns; ++c) {
            sum[c] += static_cast<double>(sources[0][static_cast<std::size_t>(s) * columns + c]);
          }
        }
        for (const double one : sum) {
          mean_row.push_back(static_cast<Real>(one / static_cast<double>(row_map_->source_size)));
        }
      }
      line = mean_row.data();
    } else if (!fresh_row) {
      const bool copy = row_map_ != nullptr && row_map_->ordinal[static_cast<std::size_t>(r)] > 0;
      const T* at = sources[sources.size() > 1 && copy ? 1 : 0] + static_cast<std::size_t>(from) * columns;
      for (std::size_t c = 0; c < columns; ++c) base[c] = static_cast<Real>(at[c]);
    }
    fill_row<Real>(r, line, !fresh_row, row.data());
    for (std::int64_t c = 0; c < size; ++c) out[c] = static_cast<T>(row[static_cast<std::size_t>(c)]);
  }
}

#define FRUGAL_INSTANTIATE(T)                                        \
  template void TensorGrowth::measure<T>(std::span<const T* const>); \
  template void TensorGrowth::rows<T>(std::span<const T* const>, std::int64_t, std::int64_t, T*) const
FRUGAL_INSTANTIATE(float);
FRUGAL_INSTANTIATE(double);
FRUGAL_INSTANTIATE(c10::Half);
FRUGAL_INSTANTIATE(c10::BFloat16);

}  // namespace frugal::grow
