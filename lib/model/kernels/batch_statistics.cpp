#include "model/kernels/batch_statistics.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"

namespace frugal::model {
namespace {

// Runs rows_of(first_row, rows) over all rows in parallel.
template <class Body>
void for_rows(std::int64_t rows, std::int64_t channels, const Body& body) {
  const std::int64_t grain = std::max<std::int64_t>(1, 32768 / channels);
  at::parallel_for(0, rows, grain, [&](std::int64_t begin, std::int64_t end) { body(begin, end - begin); });
}

// Two numbers a channel for each cut of rows: body(first_row, rows, first, second) fills them. A cut's
// numbers: [first…, second…].
template <class Body>
std::vector<float> cut_sums(std::int64_t rows, std::int64_t channels, const Body& body) {
  const std::int64_t cuts = (rows + moment_rows - 1) / moment_rows;
  std::vector<float> parts(static_cast<std::size_t>(cuts * 2 * channels), 0.0F);
  const std::int64_t grain = std::max<std::int64_t>(1, 32768 / (channels * moment_rows));
  at::parallel_for(0, cuts, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      float* part = parts.data() + i * 2 * channels;
      body(i * moment_rows, std::min(moment_rows, rows - i * moment_rows), part, part + channels);
    }
  });
  return parts;
}

// Σ (x − about) and Σ (x − about)² a channel, in double, from each cut's moments about its own first row
// (Chan, Golub, LeVeque 1983). `about` is the same on all processes, so that their sums can be added.
std::vector<double> moments(const float* x, std::int64_t rows, std::int64_t channels, const float* about) {
  const std::vector<float> parts =
      cut_sums(rows, channels, [&](std::int64_t first, std::int64_t n, float* sum, float* square) {
        add_moments(x + first * channels, n, channels, sum, square);
      });
  std::vector<double> sums(static_cast<std::size_t>(2 * channels), 0.0);
  const float* part = parts.data();
  for (std::int64_t first = 0; first < rows; first += moment_rows, part += 2 * channels) {
    const auto n = static_cast<double>(std::min(moment_rows, rows - first));
    for (std::int64_t c = 0; c < channels; ++c) {
      const double sum = static_cast<double>(part[c]), square = static_cast<double>(part[channels + c]);
      const double offset = static_cast<double>(x[first * channels + c]) - static_cast<double>(about[c]);
      sums[static_cast<std::size_t>(c)] += sum + n * offset;
      sums[static_cast<std::size_t>(channels + c)] += square + offset * (2 * sum + n * offset);
    }
  }
  return sums;
}

}  // namespace

Normalisation BatchStatistics::normalisation(float low, float high) const {
  const float* at = table.const_data_ptr<float>();
  const std::int64_t channels = table.size(1);
  return {at, at + 2 * channels, at + 3 * channels, low, high};
}

BatchStatistics batch_statistics(const torch::Tensor& x, const BatchNormTensors& tensors,
                                 const NormConfig& config, const SumOverProcesses& sum) {
  const std::int64_t channels = x.size(1), rows = x.numel() / std::max<std::int64_t>(1, channels);
  torch::Tensor running_mean = tensors.running_mean, running_var = tensors.running_var;
  float* r_mean = running_mean.data_ptr<float>();
  float* r_var = running_var.data_ptr<float>();
  std::vector<double> sums = moments(x.const_data_ptr<float>(), rows, channels, r_mean);
  sums.push_back(static_cast<double>(rows));
  if (sum) sum(sums.data(), static_cast<std::int64_t>(sums.size()));
  BatchStatistics statistics;
  const double count = statistics.count = sums.back();
  FRUGAL_ASSERT(count > 0, "batch norm of no pixel");
  statistics.table = torch::empty({4, channels});
  float* mean = statistics.table.data_ptr<float>();
  float *inverse = mean + channels, *scale = inverse + channels, *shift = scale + channels;
  const float* w = tensors.weight.const_data_ptr<float>();
  const float* b = tensors.bias.const_data_ptr<float>();
  const double momentum = config.momentum;
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto i = static_cast<std::size_t>(c);
    const double shifted = sums[i] / count;
    const double batch_mean = static_cast<double>(r_mean[c]) + shifted;
    const double variance =
        std::max(0.0, sums[i + static_cast<std::size_t>(channels)] / count - shifted * shifted);
    const double inv = 1 / std::sqrt(variance + config.eps);
    mean[c] = static_cast<float>(batch_mean);
    inverse[c] = static_cast<float>(inv);
    scale[c] = static_cast<float>(inv * static_cast<double>(w[c]));
    shift[c] = b[c];
    const double unbiased = variance * count / std::max(1.0, count - 1);
    r_mean[c] = static_cast<float>((1 - momentum) * static_cast<double>(r_mean[c]) + momentum * batch_mean);
    r_var[c] = static_cast<float>((1 - momentum) * static_cast<double>(r_var[c]) + momentum * unbiased);
  }
  return statistics;
}

void normalise(const torch::Tensor& x, const Normalisation& norm, torch::Tensor& y) {
  const std::int64_t channels = x.size(1), rows = x.numel() / std::max<std::int64_t>(1, channels);
  const float* from = x.const_data_ptr<float>();
  float* to = y.data_ptr<float>();
  for_rows(rows, channels, [&](std::int64_t first, std::int64_t n) {
    normalise_rows(from + first * channels, to + first * channels, n, channels, norm);
  });
}

NormGradients normalisation_gradients(const torch::Tensor& x, const torch::Tensor& dy,
                                      const BatchStatistics& statistics, float low, float high,
                                      const SumOverProcesses& sum, torch::Tensor& dx) {
  const std::int64_t channels = x.size(1), rows = x.numel() / std::max<std::int64_t>(1, channels);
  const Normalisation norm = statistics.normalisation(low, high);
  const float* inverse = statistics.table.const_data_ptr<float>() + channels;
  const float* from = x.const_data_ptr<float>();
  const float* g = dy.const_data_ptr<float>();
  const std::vector<float> parts =
      cut_sums(rows, channels, [&](std::int64_t first, std::int64_t n, float* s, float* p) {
        add_gradient_sums(from + first * channels, g + first * channels, n, channels, norm, s, p);
      });
  std::vector<double> sums(static_cast<std::size_t>(2 * channels), 0.0);
  for (std::size_t i = 0; i < parts.size(); i += sums.size()) {
    for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += static_cast<double>(parts[i + k]);
  }
  NormGradients gradients{torch::empty({channels}), torch::empty({channels})};
  float* dw = gradients.d_weight.data_ptr<float>();
  float* db = gradients.d_bias.data_ptr<float>();
  for (std::int64_t c = 0; c < channels; ++c) {
    const double product = sums[static_cast<std::size_t>(channels + c)];
    db[c] = static_cast<float>(sums[static_cast<std::size_t>(c)]);
    dw[c] = static_cast<float>(product * static_cast<double>(inverse[c]));
  }
  if (sum) sum(sums.data(), static_cast<std::int64_t>(sums.size()));
  std::vector<float> a(static_cast<std::size_t>(channels)), b(static_cast<std::size_t>(channels));
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double inv = static_cast<double>(inverse[i]), s = static_cast<double>(norm.scale[i]);
    a[i] = static_cast<float>(s * sums[i] / statistics.count);
    b[i] = static_cast<float>(s * inv * inv * sums[i + a.size()] / statistics.count);
  }
  float* to = dx.data_ptr<float>();
  for_rows(rows, channels, [&](std::int64_t first, std::int64_t n) {
    input_gradient_rows(from + first * channels, g + first * channels, to + first * channels, n, channels,
                        norm, a.data(), b.data());
  });
  return gradients;
}

}  // namespace frugal::model
