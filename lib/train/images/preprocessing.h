// What a network that was trained on a set of images has to be told again wherever it runs.
#pragma once

#include "data/images/dataset.h"
#include "network/preprocessing.h"

namespace frugal::train {

network::Preprocessing preprocessing_of(const data::ImageSet& set);

}  // namespace frugal::train
