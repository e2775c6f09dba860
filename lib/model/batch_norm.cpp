#include "model/batch_norm.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"

// The compiler makes a version a vector width and the loader picks one: the build stays one for all x86-64.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FRUGAL_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FRUGAL_VECTOR_CLONES
#endif

namespace frugal::model {
namespace {

// Rows are pixels, columns channels. Sums of a block of rows are kept in float and then added in double: few
// enough rows that nothing is lost, enough that the double part is free. The cut into blocks is fixed, so the
// sums are the same for any number of threads.
constexpr std::int64_t block_rows = 128;

FRUGAL_VECTOR_CLONES
void block_moments(const float* x, std::int64_t rows, std::int64_t channels, const float* shift, float* sum,
                   float* square) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* row = x + r * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      const float d = row[c] - shift[c];
      sum[c] += d;
      square[c] += d * d;
    }
  }
}

FRUGAL_VECTOR_CLONES
void normalise_rows(const float* x, float* y, std::int64_t rows, std::int64_t channels, const float* scale,
                    const float* offset, float low, float high) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* from = x + r * channels;
    float* to = y + r * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      const float z = from[c] * scale[c] + offset[c];
      to[c] = std::min(std::max(z, low), high);
    }
  }
}

// Sums over a block of dz and dz·(x − mean), where dz is dy inside the clip's range and 0 outside.
FRUGAL_VECTOR_CLONES
void block_gradient_sums(const float* x, const float* dy, std::int64_t rows, std::int64_t channels,
                         const float* scale, const float* offset, const float* mean, float low, float high,
                         float* sum, float* product) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* xr = x + r * channels;
    const float* gr = dy + r * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      const float z = xr[c] * scale[c] + offset[c];
      const float dz = (z > low) & (z < high) ? gr[c] : 0.0F;
      sum[c] += dz;
      product[c] += dz * (xr[c] - mean[c]);
    }
  }
}

// dx = scale · dz − a − b · (x − mean), with a and b a channel.
FRUGAL_VECTOR_CLONES
void input_gradient_rows(const float* x, const float* dy, float* dx, std::int64_t rows, std::int64_t channels,
                         const float* scale, const float* offset, const float* mean, float low, float high,
                         const float* a, const float* b) {
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* xr = x + r * channels;
    const float* gr = dy + r * channels;
    float* to = dx + r * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      const float z = xr[c] * scale[c] + offset[c];
      const float dz = (z > low) & (z < high) ? gr[c] : 0.0F;
      to[c] = scale[c] * dz - a[c] - b[c] * (xr[c] - mean[c]);
    }
  }
}

// Runs rows_of(first_row, rows) over all rows in parallel.
template <class Body>
void for_rows(std::int64_t rows, std::int64_t channels, const Body& body) {
  const std::int64_t grain = std::max<std::int64_t>(1, 32768 / channels);
  at::parallel_for(0, rows, grain, [&](std::int64_t begin, std::int64_t end) { body(begin, end - begin); });
}

// Two sums a channel: body(first_row, rows, first, second) adds a block's part. Result: [first…, second…].
template <class Body>
std::vector<double> sum_blocks(std::int64_t rows, std::int64_t channels, const Body& body) {
  const std::int64_t blocks = (rows + block_rows - 1) / block_rows;
  const std::int64_t width = 2 * channels;
  std::vector<float> parts(static_cast<std::size_t>(blocks * width), 0.0F);
  const std::int64_t grain = std::max<std::int64_t>(1, 32768 / (channels * block_rows));
  at::parallel_for(0, blocks, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      float* part = parts.data() + i * width;
      body(i * block_rows, std::min(block_rows, rows - i * block_rows), part, part + channels);
    }
  });
  std::vector<double> sums(static_cast<std::size_t>(width), 0.0);
  for (std::int64_t i = 0; i < blocks; ++i) {
    for (std::int64_t c = 0; c < width; ++c) {
      sums[static_cast<std::size_t>(c)] +=
          static_cast<double>(parts[static_cast<std::size_t>(i * width + c)]);
    }
  }
  return sums;
}

bool is_nhwc(const torch::Tensor& x) { return x.is_contiguous(torch::MemoryFormat::ChannelsLast); }

class BatchNormClip final : public torch::autograd::Function<BatchNormClip> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x_in,
                               const torch::Tensor& weight, const torch::Tensor& bias,
                               torch::Tensor running_mean, torch::Tensor running_var, double momentum,
                               double eps, double low, double high, const SumOverProcesses* sum) {
    const torch::Tensor x = is_nhwc(x_in) ? x_in : x_in.contiguous(torch::MemoryFormat::ChannelsLast);
    const std::int64_t channels = x.size(1), rows = x.numel() / std::max<std::int64_t>(1, channels);
    const float* from = x.const_data_ptr<float>();
    // Moments about the running mean: the same point on every process, and near enough to the batch's mean
    // that the difference of squares loses nothing.
    const torch::Tensor shift = running_mean.clone();
    const float* about = shift.const_data_ptr<float>();
    std::vector<double> sums =
        sum_blocks(rows, channels, [&](std::int64_t first, std::int64_t n, float* s, float* q) {
          block_moments(from + first * channels, n, channels, about, s, q);
        });
    sums.push_back(static_cast<double>(rows));
    if (*sum) (*sum)(sums.data(), static_cast<std::int64_t>(sums.size()));
    const double count = sums.back();
    FRUGAL_ASSERT(count > 0, "batch norm of no pixel");

    // Rows of one tensor: mean, 1/std, scale, offset.
    const torch::Tensor table = torch::empty({4, channels});
    float* mean = table.data_ptr<float>();
    float *inverse = mean + channels, *scale = inverse + channels, *offset = scale + channels;
    const float* w = weight.const_data_ptr<float>();
    const float* b = bias.const_data_ptr<float>();
    float* r_mean = running_mean.data_ptr<float>();
    float* r_var = running_var.data_ptr<float>();
    for (std::int64_t c = 0; c < channels; ++c) {
      const auto i = static_cast<std::size_t>(c);
      const double shifted = sums[i] / count;
      const double batch_mean = static_cast<double>(about[c]) + shifted;
      const double variance =
          std::max(0.0, sums[i + static_cast<std::size_t>(channels)] / count - shifted * shifted);
      const double inv = 1 / std::sqrt(variance + eps);
      mean[c] = static_cast<float>(batch_mean);
      inverse[c] = static_cast<float>(inv);
      scale[c] = static_cast<float>(inv * static_cast<double>(w[c]));
      offset[c] =
          static_cast<float>(static_cast<double>(b[c]) - batch_mean * inv * static_cast<double>(w[c]));
      const double unbiased = variance * count / std::max(1.0, count - 1);
      r_mean[c] = static_cast<float>((1 - momentum) * static_cast<double>(r_mean[c]) + momentum * batch_mean);
      r_var[c] = static_cast<float>((1 - momentum) * static_cast<double>(r_var[c]) + momentum * unbiased);
    }
    torch::Tensor y = torch::empty_like(x);
    float* to = y.data_ptr<float>();
    const auto low_f = static_cast<float>(low), high_f = static_cast<float>(high);
    for_rows(rows, channels, [&](std::int64_t first, std::int64_t n) {
      normalise_rows(from + first * channels, to + first * channels, n, channels, scale, offset, low_f,
                     high_f);
    });
    context->save_for_backward({x, table});
    context->saved_data["low"] = low;
    context->saved_data["high"] = high;
    context->saved_data["count"] = count;
    context->saved_data["sum"] = reinterpret_cast<std::int64_t>(sum);
    return y;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               torch::autograd::tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor& x = saved[0];
    const torch::Tensor& table = saved[1];
    const auto low = static_cast<float>(context->saved_data["low"].toDouble());
    const auto high = static_cast<float>(context->saved_data["high"].toDouble());
    const double count = context->saved_data["count"].toDouble();
    const auto* sum = reinterpret_cast<const SumOverProcesses*>(context->saved_data["sum"].toInt());
    const torch::Tensor dy =
        is_nhwc(gradients[0]) ? gradients[0] : gradients[0].contiguous(torch::MemoryFormat::ChannelsLast);
    const std::int64_t channels = x.size(1), rows = x.numel() / std::max<std::int64_t>(1, channels);
    const float* mean = table.const_data_ptr<float>();
    const float *inverse = mean + channels, *scale = inverse + channels, *offset = scale + channels;
    const float* from = x.const_data_ptr<float>();
    const float* g = dy.const_data_ptr<float>();
    std::vector<double> sums =
        sum_blocks(rows, channels, [&](std::int64_t first, std::int64_t n, float* s, float* p) {
          block_gradient_sums(from + first * channels, g + first * channels, n, channels, scale, offset, mean,
                              low, high, s, p);
        });
    // The parameters' gradients stay this process's share: they are summed with all the others.
    torch::Tensor d_weight = torch::empty({channels}), d_bias = torch::empty({channels});
    float* dw = d_weight.data_ptr<float>();
    float* db = d_bias.data_ptr<float>();
    for (std::int64_t c = 0; c < channels; ++c) {
      const auto i = static_cast<std::size_t>(c);
      db[c] = static_cast<float>(sums[i]);
      dw[c] =
          static_cast<float>(sums[i + static_cast<std::size_t>(channels)] * static_cast<double>(inverse[c]));
    }
    if (*sum) (*sum)(sums.data(), static_cast<std::int64_t>(sums.size()));
    std::vector<float> a(static_cast<std::size_t>(channels)), b(static_cast<std::size_t>(channels));
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double inv = static_cast<double>(inverse[i]), s = static_cast<double>(scale[i]);
      a[i] = static_cast<float>(s * sums[i] / count);
      b[i] = static_cast<float>(s * inv * inv * sums[i + static_cast<std::size_t>(channels)] / count);
    }
    torch::Tensor dx = torch::empty_like(x);
    float* to = dx.data_ptr<float>();
    for_rows(rows, channels, [&](std::int64_t first, std::int64_t n) {
      input_gradient_rows(from + first * channels, g + first * channels, to + first * channels, n, channels,
                          scale, offset, mean, low, high, a.data(), b.data());
    });
    const torch::Tensor none;
    return {dx, d_weight, d_bias, none, none, none, none, none, none, none};
  }
};

}  // namespace

torch::Tensor batch_norm_clip(const torch::Tensor& x, const BatchNormTensors& tensors, double momentum,
                              double eps, float low, float high, const SumOverProcesses& sum) {
  FRUGAL_ASSERT(x.dim() == 4 && x.scalar_type() == torch::kFloat32 && x.is_cpu(),
                "float32 images on the CPU");
  return BatchNormClip::apply(x, tensors.weight, tensors.bias, tensors.running_mean, tensors.running_var,
                              momentum, eps, static_cast<double>(low), static_cast<double>(high), &sum);
}

}  // namespace frugal::model
