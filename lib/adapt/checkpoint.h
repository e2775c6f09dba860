// The state of an adaptation in one safetensors file: numbers trained so far, what the method keeps beside
// them, and the place in the run. A run that goes on from it ends in the same bytes.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "adapt/batches.h"
#include "adapt/learner.h"

namespace frugal::adapt {

struct Progress {
  std::string id;  // of the run: a checkpoint of another one is refused
  std::int64_t step = 0;
  double seconds = 0;
  double epoch_loss = 0;  // sum over the images of the epoch so far
  std::int64_t epoch_images = 0;
  quant::Score before, after;  // on all held-out images; after what was learnt last
  StreamScores stream;
  struct Point {
    double epoch = 0, accuracy = 0, loss = 0;
    std::optional<double> train_loss;
  };
  std::vector<Point> curve;  // accuracy and loss on held-out images
};

nlohmann::ordered_json curve_json(const std::vector<Progress::Point>& curve);

void save_checkpoint(const std::string& path, const Progress& progress, const Learner& learner);

// Gives the learner what was saved. UserError where the file is damaged or of another run.
Progress load_checkpoint(const std::string& path, const std::string& id, Learner& learner);

// UserError where the step is none of the batches', or the right answers are not those of so many classes: a
// row before the first task and one for each that ended. classes: 0 where there is no stream.
void check_progress(const Progress& progress, const std::string& path, const Batches& batches,
                    std::size_t classes);

}  // namespace frugal::adapt
