// Makes the rows that a TensorGrowth has planned.
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "base/random.h"
#include "grow/kernel.h"

namespace frugal::grow {
namespace {

using model::Role;

// Float64 stays float64; everything else is computed in float32.
template <class T>
using RealOf = std::conditional_t<std::is_same_v<T, double>, double, float>;

// Close to a standard normal and cut at 3.5: four uniform numbers of 16 bits, summed. One draw of 64 bits an
// entry, ten times as fast as an exact one; initial weights ask for no more.
double near_normal(base::Random& random) {
  const std::uint64_t bits = random.next();
  const auto sum =
      static_cast<double>((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48));
  return (sum - 131070) * (1.7320508075688772 / 65536);
}

}  // namespace

// From the mean and deviation of the weights that they replace.
template <class Real>
void TensorGrowth::redraw(std::int64_t row, Real* out) const {
  base::Random random(plan_.seed, fmt::format("redrawn.{}.{}", spec_.name, row));
  const bool rows = spec_.role != Role::ffn_out;
  if (rows && !redrawn_[static_cast<std::size_t>(row)]) return;
  for (std::int64_t c = 0; c < row_size(); ++c) {
    if (rows || redrawn_[static_cast<std::size_t>(c)])
      out[c] = static_cast<Real>(mean_ + std_ * near_normal(random));
  }
}

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
    if (!sources.empty()) passing_ = passing_value<T>(sources, plan_.source.hidden_size, spec_.bias);
    return;
  }
  const bool norm_scale = (spec_.norm() && !spec_.bias) || spec_.layer_scale();
  if (zero_ || drawn_ ||
      (redrawn_.empty() && plan_.noise == 0 && kind_ != Kind::second_moment && !norm_scale))
    return;
  const std::int64_t rows = row_map_ != nullptr ? row_map_->source_size : row_count();
  const std::int64_t count = rows * source_columns_;
  double sum = 0, squares = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto value = static_cast<double>(sources[0][i]);
    sum += spec_.layer_scale() && kind_ == Kind::weights ? std::abs(value) : value;
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
  if (drawn_) {
    for (std::int64_t r = begin; r < end; ++r, out += size) {
      base::Random random(plan_.seed, fmt::format("{}.{}", spec_.name, r));
      for (std::int64_t c = 0; c < size; ++c)
        out[c] = static_cast<T>(static_cast<Real>(plan_.fresh_std * near_normal(random)));
    }
    return;
  }
  const auto columns = static_cast<std::size_t>(source_columns_);
  std::vector<Real> base(columns), row(static_cast<std::size_t>(size)), mean_row;
  for (std::int64_t r = begin; r < end; ++r, out += size) {
    const std::int64_t from = row_map_ != nullptr ? row_map_->from[static_cast<std::size_t>(r)] : r;
    const bool fresh_row = from == fresh || (from == average && kind_ != Kind::weights);
    if (spec_.vector() && from < 0 && (fresh_row || spec_.norm() || spec_.layer_scale())) {
      // Vectors: biases of fresh units are 0, scales the mean (size) of the old ones, tokens as produced.
      const bool scale = (spec_.norm() && !spec_.bias) || spec_.layer_scale();
      Real value = 0;
      if (kind_ == Kind::second_moment || (scale && kind_ == Kind::weights)) {
        value = static_cast<Real>(mean_ * (kind_ == Kind::weights && spec_.norm() ? plan_.norm_scale : 1));
      }
      *out = static_cast<T>(value);
      continue;
    }
    const Real* line = base.data();
    if (from == average && !fresh_row) {
      if (mean_row.empty()) {
        // With layer scale the mean is of what is added, over the scale that the new unit has: the mean size.
        std::vector<double> sum(columns, 0);
        double all = 0;
        for (std::int64_t s = 0; s < row_map_->source_size; ++s) {
          const double scale = scaled_ ? static_cast<double>(sources[1][s]) : 1;
          all += std::abs(scale);
          for (std::size_t c = 0; c < columns; ++c) {
            sum[c] += scale * static_cast<double>(sources[0][static_cast<std::size_t>(s) * columns + c]);
          }
        }
        for (const double one : sum) mean_row.push_back(static_cast<Real>(all > 0 ? one / all : 0));
      }
      line = mean_row.data();
    } else if (!fresh_row) {
      const bool copy = row_map_ != nullptr && row_map_->ordinal[static_cast<std::size_t>(r)] > 0;
      const T* at =
          sources[sources.size() > 1 && !scaled_ && copy ? 1 : 0] + static_cast<std::size_t>(from) * columns;
      for (std::size_t c = 0; c < columns; ++c) base[c] = static_cast<Real>(at[c]);
    }
    fill_row<Real>(r, line, !fresh_row, row.data());
    if (!redrawn_.empty()) redraw<Real>(r, row.data());
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
