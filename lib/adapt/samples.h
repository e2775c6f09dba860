// Images as an int8 network takes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "adapt/config.h"
#include "data/images/dataset.h"
#include "ir/graph.h"
#include "quant/trainer.h"

namespace frugal::adapt {

// Examples `which` of a set (all where it is empty) for the network's input. Where the config names mean and
// std, real = (pixel / 255 − mean) / std is stored by the input's scale and zero point; else pixels 0 to 255
// are stored as −128 to 127. Throws UserError at `place` where the sizes differ.
quant::Samples samples_of(const data::ImageSet& set, const std::vector<std::size_t>& which,
                          const ir::Tensor& input, const data::DataConfig& config, const std::string& place);

// UserError at `place` where the images of a set have another size than a network takes.
void check_image_size(const data::ImageSet& set, const ir::Tensor& input, const std::string& place);

// Every index of a set where `which` is empty, else `which`.
std::vector<std::size_t> all_or(const data::ImageSet& set, const std::vector<std::size_t>& which);

// `shots` examples of each class, drawn by seed; all where it is 0. UserError for a class that has fewer.
std::vector<std::size_t> few_of_each(const data::ImageSet& set, std::int64_t shots, std::int64_t seed);

// At most `count` examples, class-balanced, the same at every call; all where it is 0.
std::vector<std::size_t> balanced_part(const data::ImageSet& set, std::int64_t count);

}  // namespace frugal::adapt
