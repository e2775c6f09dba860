// A folded float network and the ranges of its values become a network on integers that quant/program.h runs.
//
// Activations: int8, one scale and zero point a tensor. Weights: int8, symmetric, s_w = max|w| / 127 an
// output channel. Bias: int32, round(b / (s_w·s_x)). (Jacob et al., CVPR 2018, sections 2 and 3; scale an
// output channel: Krishnamoorthi, arXiv 1806.08342.)
#pragma once

#include <string>
#include <vector>

#include "ir/model.h"
#include "quant/convert/calibration.h"
#include "quant/convert/choice.h"
#include "quant/convert/stored.h"

namespace frugal::quant {

// How well the weights of a layer were met.
struct WeightReport {
  std::int64_t channels = 0;
  std::int64_t zero_channels = 0;    // all weights 0, before they were quantised
  std::int64_t raised_channels = 0;  // a coarser scale than max|w| / 127, so that the bias fits int32
  double signal = 0, noise = 0;      // Σ w², Σ (w − its int8 number)²
};

struct Int8Layer {
  StoredLayer step;
  ir::TensorId value = ir::none;  // of the int8 network: what the step gives
  bool in_float = false;          // a head that stays in float
  WeightReport weights;           // channels is 0 for a layer without
};

struct Int8Network {
  ir::Model model;
  std::vector<Int8Layer> layers;
  std::vector<std::string> notes;  // dead channels, layers that gave 0 alone
};

// ranges: by tensor of the folded graph, for those that values_with_a_range() names. The int8 network takes
// one image in the input's own quantisation and gives logits in float. Throws UserError at "origin: layer"
// for a layer whose sums may not fit 32 bits, and for ranges that are not finite.
Int8Network to_int8(const ir::Model& folded, const std::vector<StoredLayer>& layers,
                    const std::vector<ValueRange>& ranges, const Int8Choice& choice,
                    const std::string& origin);

}  // namespace frugal::quant
