// The loops of batch norm with a clip over rows (pixels) of channels, without torch.
#pragma once

#include <cstdint>
#include <vector>

namespace frugal::model {

// A channel's normalisation: z = (x − mean) · scale + bias, clipped to [low, high].
struct Normalisation {
  const float* mean = nullptr;
  const float* scale = nullptr;
  const float* bias = nullptr;
  float low = 0, high = 0;
};

// Rows whose sums are kept in float before they are added in double. The cut is fixed, so that sums are the
// same for any number of threads.
constexpr std::int64_t moment_rows = 128;

// Of one cut: sum[c] = Σ (x − x₀), square[c] = Σ (x − x₀)², x₀ the first row: near enough to the mean that
// the difference of squares loses nothing. Both must be zero before.
void add_moments(const float* x, std::int64_t rows, std::int64_t channels, float* sum, float* square);

void normalise_rows(const float* x, float* y, std::int64_t rows, std::int64_t channels,
                    const Normalisation& norm);

// dz is dy inside the clip's range and 0 outside. Adds to sum[c] = Σ dz, product[c] = Σ dz · (x − mean).
void add_gradient_sums(const float* x, const float* dy, std::int64_t rows, std::int64_t channels,
                       const Normalisation& norm, float* sum, float* product);

// dx = scale · dz − a − b · (x − mean), with a and b a channel. dx may be dy.
void input_gradient_rows(const float* x, const float* dy, float* dx, std::int64_t rows, std::int64_t channels,
                         const Normalisation& norm, const float* a, const float* b);

}  // namespace frugal::model
