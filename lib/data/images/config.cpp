#include "data/images/config.h"

#include "data/images/raw.h"

namespace frugal::data {

void AugmentConfig::visit(config::Visitor& v) {
  v.field("crop_padding", crop_padding, config::between(0, 4096),
          "black pixels added on each side before a random crop of the original size");
  v.field("flip", flip, "mirror left to right, half of the time");
  v.field("cutout", cutout, config::between(0, 4096), "side in pixels of a square set to the mean; 0 = none");
  v.field("random_resized_crop_scale", random_resized_crop_scale, config::between(0.01, 1),
          "least share of the image's area that a random crop keeps; 1 = no such crop");
}

void DataConfig::visit(config::Visitor& v) {
  visit_with(format_names(),
             "format: Fashion-MNIST, IDX files of the MNIST family, CIFAR-10/100 binary, a folder a class",
             v);
}

void DataConfig::visit_with(const std::vector<std::string>& kinds, const char* help_of_kind,
                            config::Visitor& v) {
  v.choice("kind", kind, kinds, help_of_kind);
  v.field("path", path, "folder of the data; empty = where Debian's dataset-fashion-mnist puts it");
  v.field("fraction", fraction, config::between(1e-9, 1),
          "share of the training examples used; a smaller one of a seed is a subset of a larger one");
  v.field("seed", seed, config::at_least(0), "chooses the fraction and the validation examples");
  v.field("validation", validation, config::between(0, 0.9),
          "share of the training examples held out for validation, before the fraction is taken");
  v.field("classes", classes,
          "classes that are read, by name or number (\"3\"), renumbered from 0 in this order; empty = all");
  v.field("resolution", resolution, config::between(0, 4096), "side in pixels to resize to; 0 = as stored");
  v.field("channels", channels, config::between(0, 3), "1 grey, 3 colour; 0 = as stored, in a folder colour");
  v.field("mean", mean, config::any_number(), "subtracted from pixels in [0, 1]; empty = known for the kind");
  v.field("std", std, config::greater_than(0), "divides after that; empty = known for the kind");
  v.field("memory_mb", memory_mb, config::at_least(0),
          "image folders that need more than so many MB decoded are read batch by batch");
  v.object("augment", augment, "random changes to training images");
}

}  // namespace frugal::data
