// What a network says of images: classes by name, with probabilities.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "data/images/config.h"
#include "model/image/network.h"

namespace frugal::train {

// Of one file, or of all images in a folder: [{"file", "class", "probability", "next": [{"class",
// "probability"}…]}…], the likeliest first. Preprocessing is the network's own, else mean and std of `data`.
// UserError where neither says it, where there is no image, or where one is damaged.
nlohmann::ordered_json answers_for(model::ImageNetwork& network, const std::string& path,
                                   const data::DataConfig& data);

}  // namespace frugal::train
