// Random streams that are the same on every machine and can be stored in a checkpoint: xoshiro256++
// (Blackman, Vigna 2019), seeded by splitmix64. One seed gives any number of named, independent streams, so
// that a new consumer of randomness does not shift the others.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace frugal::base {

class Random {
 public:
  using State = std::array<std::uint64_t, 4>;

  explicit Random(std::uint64_t seed = 0, std::string_view stream = "");
  explicit Random(const State& state) : state_(state) {}

  std::uint64_t next();                      // uniform 64 bits
  double uniform();                          // [0, 1), 53 bits
  std::uint64_t below(std::uint64_t bound);  // [0, bound), unbiased; bound > 0
  double normal();  // standard normal (Box-Muller, one value a call: no hidden state)

  // A permutation of 0 … count − 1 (Fisher-Yates).
  std::vector<std::size_t> permutation(std::size_t count);

  const State& state() const { return state_; }

 private:
  State state_;
};

// A 64-bit seed for a named purpose, e.g. torch's own generator.
std::uint64_t derive_seed(std::uint64_t seed, std::string_view stream);

// FNV-1a of a text: stable across machines and versions; for config hashes and stream names.
std::uint64_t hash64(std::string_view text);
std::string hash_hex(std::string_view text);  // 16 hex digits

}  // namespace frugal::base
