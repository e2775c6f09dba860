// What each part of the update is worth, from one backward pass over a few samples instead of a training a
// part (TinyTrain: Kwon et al., ICML 2024, equation 2): Fisher information of a channel's activation a with
// gradient g,
//   Δ_c = 1/(2N) Σ_n (Σ_d a_nd·g_nd)²
// For the input channels of a layer no gradient of an activation is needed: as far as it comes through that
// layer, Σ_d a_nd·g_nd = Σ w·g_w over the weights of the channel. A fraction is worth the sum over the
// channels that it trains. A bias is taken as the weight of a channel that is always 1: Σ over outputs of
// 1/(2N) Σ_n (b·g_b)². Products of a stored number and its gradient need no scale.
//
// A random head says nothing yet. It is set to the nearest class mean of the samples (TinyTrain's
// prototypes): the logits of Gaussians around the means, with the variance that the samples have around them
// in the directions in which they spread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "quant/trainer.h"
#include "sparse/contributions.h"

namespace frugal::sparse {

struct FisherConfig {
  std::int64_t most_samples = 100;  // drawn by the seed, classes in turn
  std::uint64_t seed = 0;
  bool new_head = true;  // false: the head is kept as it is
  std::size_t threads = 1;
};

struct FisherScores {
  std::vector<std::vector<double>> weights;              // Δ by layer and input channel (depthwise: channel)
  std::vector<double> biases;                            // by layer, 0 where it has none
  std::int64_t forward_passes = 0, backward_passes = 0;  // images
};

// `model` has a head in float. Throws UserError at `origin`, as training does.
FisherScores fisher_scores(const ir::Model& model, const quant::Samples& samples, const FisherConfig& config,
                           const std::string& origin);

// Potentials as gains, in units of those of all weights together.
Contributions fisher_contributions(const ir::Model& model, const FisherScores& scores,
                                   const ContributionSetup& setup);

// The head set to the nearest class mean of the samples `which`.
ir::Model with_class_means(const ir::Model& model, const quant::Samples& samples,
                           const std::vector<std::size_t>& which, const std::string& origin);

// At most `count` samples, the classes in turn, by the seed.
std::vector<std::size_t> few_samples(const quant::Samples& samples, std::int64_t count, std::uint64_t seed);

}  // namespace frugal::sparse
