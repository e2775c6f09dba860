// What each part of the update is worth, from one backward pass over a few samples instead of a training a
// part (after TinyTrain: Kwon et al., ICML 2024, who choose layers by Fisher information too). Fisher
// information of a part's numbers θ, as a step of training sees them (real weights under quantisation-aware
// scaling):
//   F = 1/N Σ_n h_n·g_n·g_nᵀ,   g_n = ∂loss_n/∂θ,   h_n = (1 − Σ_c p_c²) / ‖p − y‖²
// h_n turns the gradient by the label y into the size that the network expects of its gradients (p: its
// probabilities), so that a sample which it is wrong about does not outweigh all others. Information is
// curvature and the variance of gradients at once, so that a step of rate η along an eigenvector of F changes
// the loss, to second order, by −ηλ + (ηλ)²/2. The worth of a part is what all its directions gain:
//   Σ_j (ηλ_j − (ηλ_j)²/2) = η·tr F − η²/2·tr F²
// It falls below 0 where a step overshoots: at one rate for all layers those with many outputs under each
// weight (first layers) do so first. No eigenvector is needed: both traces come from the products g_n·g_m.
//
// Published Δ_c = 1/(2N) Σ_n (Σ_d a_nd·g_nd)² (a an activation) does not know of a rate; docs/tinytrain.md
// has how it compares.
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
  bool scaled = true;    // steps by quantisation-aware scaling; false: by the numbers as stored
  std::size_t threads = 1;
};

// Gradients of one parameter, of every sample, times √h_n: [number][sample].
struct SampleGradients {
  std::vector<float> values;
  std::vector<std::size_t>
      channel;  // of each number: of a weight the one that a fraction chooses, of a bias 0
};

struct FisherScores {
  std::size_t samples = 0;
  std::vector<SampleGradients> weights, biases;          // by layer; empty: it has none
  std::int64_t forward_passes = 0, backward_passes = 0;  // images
};

// `model` has a head in float. Throws UserError at `origin`, as training does.
FisherScores fisher_scores(const ir::Model& model, const quant::Samples& samples, const FisherConfig& config,
                           const std::string& origin);

// What each part gains, as above, by steps of this rate (nats of loss). Channels are those that a scheme
// would train.
Contributions fisher_contributions(const ir::Model& model, const FisherScores& scores,
                                   const ContributionSetup& setup, double rate);

// The head set to the nearest class mean of the samples `which`.
ir::Model with_class_means(const ir::Model& model, const quant::Samples& samples,
                           const std::vector<std::size_t>& which, const std::string& origin);

// At most `count` samples, the classes in turn, by the seed.
std::vector<std::size_t> few_samples(const quant::Samples& samples, std::int64_t count, std::uint64_t seed);

}  // namespace frugal::sparse
