// What `nas-search start` chooses before anything is trained, from the images and from what a step takes
// here.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "data/images/config.h"
#include "search/space/space.h"

namespace frugal::search {

struct StartPlan {
  std::int64_t resolution = 0, classes = 0, batch_size = 32;
  std::int64_t search_steps = 0, train_steps = 0;  // of weights
};

// How the images are read: a fifth of the training ones is held out for the search.
data::DataConfig images_of(const std::string& folder, std::int64_t resolution);

// The largest usual side that at least half of (some of) the images have, from 32 to 128.
std::int64_t resolution_for(const std::string& folder);

// Stages that end at 4 to 8 pixels a side, with the candidates of the paper.
SpaceConfig space_for(std::int64_t resolution, std::int64_t classes);

// The steps that fit into the minutes: two fifths for the search, the rest for the training of what it finds.
// Measured.
void choose_steps(StartPlan& plan, const SearchSpace& space, double minutes, int threads);

nlohmann::ordered_json to_json(const StartPlan& plan);
StartPlan read_plan(const std::string& path);

}  // namespace frugal::search
