// What config.json says of rotary positions: the base and how frequencies are stretched for long texts. No
// torch here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/json_node.h"

namespace frugal::model {

struct Rope {
  double theta = 10000;
  // default; linear (positions / factor); dynamic (NTK: as default up to the model's own length, which is all
  // that is run here); llama3 (Dubey et al. 2024); yarn (Peng et al. 2023); longrope (Ding et al. 2024)
  std::string kind = "default";
  double factor = 1, low = 1, high = 4;  // llama3's bands
  double original = 0;                   // positions that the model was first trained on
  double beta_fast = 32, beta_slow = 1;  // yarn's ramp, in turns
  bool truncate = true;                  // yarn: the ramp's ends are whole
  double magnitude = 1;                  // of cos and sin (yarn, longrope)
  std::vector<double> short_factors,
      long_factors;  // longrope: a divisor a pair, up to `original` tokens and beyond

  // 1 / wavelength in radians a token, of `dim` / 2 pairs, for a sequence of `tokens`.
  std::vector<double> frequencies(std::int64_t dim, std::int64_t tokens) const;
};

// From rope_parameters (today's), or rope_theta and rope_scaling (before). `layer_kind`: its entry where
// rope_parameters has one a kind of layer ("full_attention"). `theta`: where none is given. UserError on a
// kind that is not known here: logits would be wrong.
Rope read_rope(const config::JsonNode& node, double theta, std::int64_t positions,
               const std::string& layer_kind = "");

}  // namespace frugal::model
