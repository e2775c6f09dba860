// Elementwise exp and log over arrays, and sums of products, written so that the compiler vectorises them:
// fitting is nothing but these. Accurate to about 1 ulp; the same bits on every machine, because nothing is
// contracted or reordered and sums run in eight fixed lanes.
#pragma once

#include <cstddef>

namespace frugal::fit {

void vector_exp(const double* x, double* out, std::size_t count);                        // x clamped to ±708
void vector_exp_scaled(double factor, const double* x, double* out, std::size_t count);  // exp(factor · x)
void vector_log(const double* x, double* out, std::size_t count);  // x positive and normal; else unspecified
double dot(const double* a, const double* b, std::size_t count);
double dot(const double* a, const double* b, const double* c, std::size_t count);  // Σ a b c
double sum(const double* a, std::size_t count);
void add_scaled(double factor, const double* x, double* y, std::size_t count);  // y += factor · x

// One compiled version for a plain x86-64 and one for AVX2, picked when the program starts; elsewhere, and
// under the sanitizers (whose start-up does not get on with this), one version.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define FRUGAL_VECTOR_CLONES __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define FRUGAL_VECTOR_CLONES
#endif

}  // namespace frugal::fit
