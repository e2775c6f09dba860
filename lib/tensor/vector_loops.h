// The element-wise loops of a training step that torch has no fused kernel for, compiled once an instruction
// set and picked at start. Without contraction (docs/architecture.md), and with sums in a fixed number of
// lanes, each gives the same bits. No torch here: the file has flags of its own (CMakeLists.txt), without
// which the compiler does not vectorise roots and comparisons.
#pragma once

#include <cstdint>

namespace frugal::tensor {

// GELU (the exact one) and its slope: Φ by Abramowitz and Stegun 7.1.26 (absolute error below 1e-7), whose
// exponential is the slope's too.
void gelu_loop(const float* x, float* value, float* slope, std::int64_t count);

void multiply_loop(const float* a, float* b, std::int64_t count);  // b ← a · b

struct AdamStep {
  float beta1, beta2, step_size, root_correction, eps, coupled, shrink, scale;
};
// d = scale · g + coupled · p; m, s the running means of d and d²; p ← shrink · p − step · m / (√s · c +
// eps).
void adam_loop(const AdamStep& step, float* p, const float* g, float* m, float* s, std::int64_t count);

double square_sum(const float* values, std::int64_t count);

// −log softmax(row)[target]; the row becomes scale · (softmax − one-hot). A row that is not finite gives NaN.
double cross_entropy_row(float* row, std::int64_t width, std::int64_t target, float scale);

}  // namespace frugal::tensor
