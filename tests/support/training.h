// What tests of training give a learner: every sample, and the layers that a scheme trains.
#pragma once

#include <cstddef>
#include <numeric>
#include <vector>

#include "quant/trainer.h"
#include "sparse/scheme.h"

namespace frugal::test {

inline std::vector<std::size_t> all_of(const quant::Samples& samples) {
  std::vector<std::size_t> which(samples.size());
  std::iota(which.begin(), which.end(), 0);
  return which;
}

inline std::vector<autodiff::TrainedLayer> layers(const ir::Model& model, const char* scheme) {
  return sparse::trained_layers(model, sparse::scheme_named(scheme, model.graph));
}

}  // namespace frugal::test
