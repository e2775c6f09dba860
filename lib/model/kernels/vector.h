// Eight floats at once, for the loops that are worth writing by hand. The compiler makes every function
// marked FRUGAL_VECTOR_CLONES twice, with AVX and FMA and without, and the loader picks: the build stays one
// for all x86-64. Eight rather than sixteen, because channel counts are multiples of eight more often.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FRUGAL_VECTOR_CLONES __attribute__((target_clones("fma", "default")))
#else
#define FRUGAL_VECTOR_CLONES
#endif
#define FRUGAL_INLINE __attribute__((always_inline)) inline

namespace frugal::model {

// Unaligned on purpose: rows of tensors start anywhere.
using Float8 = float __attribute__((vector_size(32), aligned(4), may_alias));
constexpr std::int64_t lanes = 8;

inline std::int64_t padded_to_lanes(std::int64_t channels) { return (channels + lanes - 1) / lanes * lanes; }

}  // namespace frugal::model
