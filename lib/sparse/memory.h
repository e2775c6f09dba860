// What training a scheme needs beyond inference, piece by piece, by the published formula (Lin et al.,
// NeurIPS 2022; the authors' tiny-training): the head's input (8 bits a number), of each layer that the
// backward pass crosses a bit an output element and 32 an output channel, of each layer whose weights are
// trained 8 bits a number for the channels of its input and for the weights.
#pragma once

#include <cstdint>
#include <vector>

#include "sparse/scheme.h"

namespace frugal::sparse {

// Of which channels a fraction is taken: input channels, of a depthwise convolution its channels.
std::int64_t channel_count(const ir::Graph& graph, const ir::Node& node);
// How many of `channels` a fraction in (0, 1] trains: at least 1.
std::int64_t channels_of_fraction(std::int64_t channels, double fraction);

class ExtraMemory {
 public:
  explicit ExtraMemory(const ir::Graph& graph);

  std::int64_t layer_count() const { return static_cast<std::int64_t>(layers_.size()); }
  // The head and the layers from `first` on, which the backward pass crosses; layer_count(): the head alone.
  std::int64_t crossed_bits(std::int64_t first) const { return crossed_[static_cast<std::size_t>(first)]; }
  // What the trained weights of a fraction of one layer add.
  std::int64_t weight_bits(std::int64_t layer, double fraction) const;
  std::int64_t bits(const UpdateScheme& scheme) const;

  std::int64_t channels(std::int64_t layer) const { return layer_at(layer).channels; }
  // Of `fractions` (rising) those that train more channels of this layer than the one before.
  std::vector<double> distinct_fractions(std::int64_t layer, const std::vector<double>& fractions) const;

 private:
  struct Layer {
    std::int64_t channels = 0;
    std::int64_t channel_bits = 0;  // of its input and its weights, a channel
  };
  const Layer& layer_at(std::int64_t layer) const { return layers_[static_cast<std::size_t>(layer)]; }

  std::vector<Layer> layers_;
  std::vector<std::int64_t> crossed_;
};

}  // namespace frugal::sparse
