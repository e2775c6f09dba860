// What one adaptation learns: its images, the network that it begins with, and the order in which images
// come.
#pragma once

#include <vector>

#include "adapt/batches.h"
#include "adapt/config.h"
#include "adapt/learner.h"
#include "ir/ids.h"
#include "quant/trainer.h"

namespace frugal::adapt {

struct Images {
  quant::Samples training;
  std::vector<quant::Samples> held_out;  // all together; of a stream: one a class
  quant::Samples part;                   // of the held-out ones, for accuracy in between
  quant::Samples usual;                  // of an auto-encoder: of the training samples, for its threshold
  bool validates = false;                // they are of the validation split, not of the test split
};

Images open_images(const AdaptConfig& config, const ir::Graph& graph);

Batches batches_of(const AdaptConfig& config, const quant::Samples& training);

// The network with the head that the config asks for.
ir::Model start_of(const AdaptConfig& config, const ir::Model& model, const quant::Samples& training);

// Old examples for the replay buffer, classes in turn: what is done before a device gets the network.
void remember_known(const AdaptConfig& config, const quant::Samples& training, Learner& learner);

}  // namespace frugal::adapt
