#include "model/transformer/rotary.h"

#include <torch/torch.h>

namespace frugal::model {

using torch::Tensor;

void rotary_tables(const Rope& rope, std::int64_t dim, const Tensor& positions, std::int64_t tokens,
                   const torch::TensorOptions& options, Tensor& cos, Tensor& sin) {
  const Tensor inverse = torch::tensor(rope.frequencies(dim, tokens), torch::kFloat64);
  const Tensor at = positions.defined() ? positions.to(torch::kCPU, torch::kFloat64)
                                        : torch::arange(tokens, torch::kFloat64);
  Tensor angles = at.unsqueeze(-1) * inverse;
  angles = torch::cat({angles, angles}, -1).unsqueeze(-2);
  cos = angles.cos();
  sin = angles.sin();
  if (rope.magnitude != 1) {
    cos = cos * rope.magnitude;
    sin = sin * rope.magnitude;
  }
  cos = cos.to(options);
  sin = sin.to(options);
}

Tensor rotate(const Tensor& x, const Tensor& cos, const Tensor& sin) {
  const std::int64_t dim = cos.size(-1), half = dim / 2;
  if (dim < x.size(-1)) {
    const Tensor still = x.narrow(-1, dim, x.size(-1) - dim);
    return torch::cat({rotate(x.narrow(-1, 0, dim), cos, sin), still}, -1);
  }
  const Tensor turned = torch::cat({-x.narrow(-1, half, half), x.narrow(-1, 0, half)}, -1);
  return x * cos + turned * sin;
}

}  // namespace frugal::model
