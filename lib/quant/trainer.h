// Trains an int8 network as the device does, one image at a time over the kernels of lib/ops, with the sums
// of a batch taken up in the order of its images.
//
// Quantisation-aware scaling (Lin et al., NeurIPS 2022, equation 4): gradients by stored numbers are divided
// by s_w² (weights) and (s_w·s_x)² (biases), one factor an output channel, which restores the ratio of weight
// to gradient that training in float has.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "autodiff/trained_layer.h"
#include "quant/cut.h"

namespace frugal::autodiff {
struct TrainingGraph;  // autodiff/backward.h
}

namespace frugal::quant {

// Images, or other samples, as the network takes them, one after the other, and their classes: int8, channels
// first, or the bytes of token numbers (int32).
struct Samples {
  std::int64_t image_bytes = 0;
  std::vector<std::int8_t> images;
  std::vector<std::int32_t> labels;
  std::int64_t class_count = 0;

  std::size_t size() const { return labels.size(); }
  std::span<const std::int8_t> image(std::size_t i) const {
    const auto bytes = static_cast<std::size_t>(image_bytes);
    return {images.data() + i * bytes, bytes};
  }
};

// What a step learns again beside images: activations at a cut of the network (quant/cut.h), in the kernels'
// layout. Nothing before the cut is trained.
struct Replay {
  Cut cut;
  std::vector<std::span<const std::int8_t>> activations;
  std::vector<std::int32_t> labels;
  std::vector<std::int8_t> fresh;  // filled by the step: the activations of its images, one after the other
};

enum class Method { qas, sgd, adam, lars };
// Where updated int8 and int32 numbers are kept: as floats beside them, or rounded at every step.
// integer: no float anywhere, gradients with shared exponents; wants a network of quant/integer_network.h.
enum class Storage { latent, nearest, stochastic, truncate, integer };

struct TrainerConfig {
  Method method = Method::qas;
  Storage storage = Storage::stochastic;
  double momentum = 0;
  std::uint64_t seed = 0;  // of stochastic rounding
  std::size_t threads = 1;
};

struct Score {
  double loss = 0;  // mean
  std::int64_t correct = 0, count = 0;
  double accuracy() const {
    return count == 0 ? 0 : static_cast<double>(correct) / static_cast<double>(count);
  }
};

nlohmann::ordered_json to_json(const Score& score);

// Refuses, at `origin`, samples of another size than a network takes, and labels (of `which` alone, or of
// all) that are none of its classes.
void check_samples(const Samples& samples, std::span<const std::size_t> which, const ir::Graph& graph,
                   const std::string& origin);
void check_samples(const Samples& samples, const ir::Graph& graph, const std::string& origin);

// Numbers of one trained parameter, in the kernels' layout; what a checkpoint keeps.
struct TrainedState {
  std::string name;
  std::vector<float> latent;         // empty: none is kept
  std::vector<float> first, second;  // momentum, or Adam's means
};

class Trainer {
 public:
  Trainer(const ir::Model& model, const std::vector<autodiff::TrainedLayer>& trained,
          const TrainerConfig& config, const std::string& origin);
  ~Trainer();

  // One step on these samples; the mean of their losses before it. Throws Failure where a loss or a gradient
  // is no finite number.
  double step(const Samples& samples, std::span<const std::size_t> which, double learning_rate) {
    return step(samples, which, learning_rate, nullptr);
  }
  // With what is replayed, where that is not null: one mean over images and replayed activations.
  double step(const Samples& samples, std::span<const std::size_t> which, double learning_rate,
              Replay* replay);
  // The activations of samples at a cut, one after the other.
  std::vector<std::int8_t> activations(const Samples& samples, std::span<const std::size_t> which,
                                       const Cut& cut);
  // Of an auto-encoder nothing is right or wrong: its loss alone.
  Score evaluate(const Samples& samples);
  // Of each sample, in their order: the scores of an auto-encoder. And of one.
  std::vector<double> losses(const Samples& samples);
  double loss(const Samples& samples, std::size_t which);
  // The class with the largest logit, the first of several. Not of an auto-encoder.
  std::int32_t predict(const Samples& samples, std::size_t which);

  // The given model with its numbers as trained so far.
  ir::Model model() const;
  // Channels left as they are, because their scale is degenerate: "blocks.3.weight: 4 of 96".
  const std::vector<std::string>& untrained() const;
  const autodiff::TrainingGraph& graph() const;
  // Bytes of a worker's values and scratch, one byte block for all.
  std::size_t workspace_bytes() const;

  std::int64_t steps() const;
  std::vector<TrainedState> state() const;
  // Goes on from what model() and state() gave, of a trainer made like this one.
  void restore(const ir::Model& model, std::vector<TrainedState> state, std::int64_t steps);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// Mean loss and accuracy of a network, without anything trained.
Score evaluate(const ir::Model& model, const Samples& samples, std::size_t threads,
               const std::string& origin);

}  // namespace frugal::quant
