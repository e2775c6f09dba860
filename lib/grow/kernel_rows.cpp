// Makes the rows that a TensorGrowth has planned.
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
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
double near_normal(std::uint64_t bits) {
  const auto sum = static_cast<std::int32_t>((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) +
                                             (bits >> 48));
  return (static_cast<double>(sum) - 131070) * (1.7320508075688772 / 65536);
}

// Drawn first, so that what is made of the draws vectorises.
template <class Real, class To>
void draw(base::Random& random, double std, To* to, std::int64_t count) {
  constexpr std::int64_t block = 256;
  std::uint64_t bits[block];
  for (std::int64_t at = 0; at < count; at += block) {
    const std::int64_t here = std::min(block, count - at);
    for (std::int64_t i = 0; i < here; ++i) bits[i] = random.next();
    for (std::int64_t i = 0; i < here; ++i)
      to[at + i] = static_cast<To>(static_cast<Real>(std * near_normal(bits[i])));
  }
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
      out[c] = static_cast<Real>(mean_ + std_ * near_normal(random.next()));
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

// Numbers of the file's type that keep their size are copied as they are.
template <class From, class To, class Real>
void scale(const From* from, std::int64_t count, Real factor, To* to) {
  if constexpr (std::is_same_v<From, To>) {
    if (factor == 1) {
      std::copy(from, from + count, to);
      return;
    }
  }
  for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<To>(static_cast<Real>(from[i]) * factor);
}

// One row from its source row (or the mean row) `base`; `produced` false: a fresh row.
template <class From, class To>
void TensorGrowth::fill_row(std::int64_t row, const From* base, bool produced, To* out) const {
  using Real = RealOf<To>;
  const auto r = static_cast<std::size_t>(row);
  const Real row_factor = row_map_ != nullptr ? static_cast<Real>(row_factor_[r]) : Real{1};
  const bool weights = kind_ == Kind::weights;
  const bool diagonal = plan_.block_diagonal && row_map_ != nullptr && column_map_ != nullptr;
  std::optional<base::Random> random;  // of the row, where anything is drawn
  const auto draws = [&]() -> base::Random& {
    if (!random) random.emplace(plan_.seed, fmt::format("{}.{}", spec_.name, row));
    return *random;
  };
  const auto fresh_values = [&](Fill fill, To* to, std::int64_t count) {
    if (weights && fill != Fill::zero) {
      draw<Real>(draws(), plan_.fresh_std, to, count);
    } else {
      std::fill(to, to + count,
                static_cast<To>(kind_ == Kind::second_moment ? static_cast<Real>(mean_) : Real{0}));
    }
  };
  const Fill row_fill = row_map_ != nullptr ? row_map_->produce : Fill::random;
  for (const Run& run : runs_) {
    To* to = out + run.to;
    if (!produced) {
      const Fill fill = run.from < 0 && column_map_->consume == Fill::zero ? Fill::zero : row_fill;
      fresh_values(fill, to, run.count);
    } else if (run.from == average && spec_.table) {
      if (weights) {
        double sum = 0;
        for (std::int64_t i = 0; i < source_columns_; ++i) sum += static_cast<double>(base[i]);
        const auto mean = static_cast<Real>(sum / static_cast<double>(source_columns_) * run.factor);
        std::fill(to, to + run.count, static_cast<To>(mean));
      } else {
        fresh_values(Fill::zero, to, run.count);
      }
    } else if (run.from < 0) {
      const Fill fill = spec_.table ? column_map_->produce : column_map_->consume;
      fresh_values(fill, to, run.count);
    } else if (diagonal && column_map_->ordinal[static_cast<std::size_t>(run.to)] != row_map_->ordinal[r]) {
      std::fill(to, to + run.count, static_cast<To>(0));
    } else {
      scale(base + run.from, run.count, row_factor * static_cast<Real>(run.factor), to);
    }
  }
  if (plan_.noise == 0 || !weights || !produced || column_map_ == nullptr || spec_.table || diagonal) return;
  // Noise on copies that sums to zero over what one source column feeds.
  std::vector<double> drawn(column_map_->from.size(), 0), sum(static_cast<std::size_t>(source_columns_), 0);
  for (std::size_t c = 0; c < drawn.size(); ++c) {
    const std::int64_t from = column_map_->from[c];
    if (from < 0 || column_map_->share[c] == 1) continue;
    drawn[c] = plan_.noise * std_ * draws().normal();
    sum[static_cast<std::size_t>(from)] += drawn[c] * column_map_->share[c];
  }
  for (std::size_t c = 0; c < drawn.size(); ++c) {
    const std::int64_t from = column_map_->from[c];
    if (from < 0 || column_map_->share[c] == 1) continue;
    out[c] = static_cast<To>(static_cast<Real>(out[c]) +
                             static_cast<Real>(drawn[c] - sum[static_cast<std::size_t>(from)]));
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
      draw<Real>(random, plan_.fresh_std, out, size);
    }
    return;
  }
  const auto columns = static_cast<std::size_t>(source_columns_);
  // What is added to a row after it was filled is added before it is rounded to the file's type.
  const bool as_it_is = plan_.noise == 0 && redrawn_.empty();
  std::vector<Real> row(as_it_is ? 0 : static_cast<std::size_t>(size)), mean_row;
  const auto fill = [&](std::int64_t r, const auto* line, bool produced) {
    if (as_it_is) return fill_row(r, line, produced, out);
    fill_row(r, line, produced, row.data());
    if (!redrawn_.empty()) redraw<Real>(r, row.data());
    for (std::int64_t c = 0; c < size; ++c) out[c] = static_cast<T>(row[static_cast<std::size_t>(c)]);
  };
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
      fill(r, mean_row.data(), true);
    } else if (!fresh_row) {
      const bool copy = row_map_ != nullptr && row_map_->ordinal[static_cast<std::size_t>(r)] > 0;
      const T* source = sources[sources.size() > 1 && !scaled_ && copy ? 1 : 0];
      fill(r, source + static_cast<std::size_t>(from) * columns, true);
    } else {
      fill(r, static_cast<const Real*>(nullptr), false);
    }
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
