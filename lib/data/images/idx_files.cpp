// The four files of an MNIST-like data set, found by the names they are distributed under, plain or gzip.

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "data/images/idx.h"
#include "data/images/raw.h"

namespace frugal::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* debian_folder = "/usr/share/datasets/fashion-mnist";

std::string find_file(const std::string& folder, const std::string& stem, const std::string& rank) {
  std::vector<std::string> names;
  for (const char* join : {"-", "."}) {
    for (const char* end : {"", ".gz"}) names.push_back(stem + join + rank + "-ubyte" + end);
  }
  for (const std::string& name : names) {
    const fs::path path = fs::path(folder) / name;
    std::error_code ignored;
    if (fs::is_regular_file(path, ignored)) return path.string();
  }
  throw base::UserError(folder, "no file " + names[0] + " (plain or .gz) in this folder",
                        folder == debian_folder ? "install it: apt install dataset-fashion-mnist"
                                                : "set the data's path to the folder of the four IDX files");
}

std::vector<std::string> class_names(const DataConfig& config, std::int64_t count) {
  if (config.kind == "fashion-mnist") {
    return {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
            "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  }
  std::vector<std::string> names;
  for (std::int64_t c = 0; c < count; ++c) names.push_back(std::to_string(c));
  return names;
}

}  // namespace

RawImages read_idx_files(const DataConfig& config, bool train) {
  std::string folder = config.path;
  if (folder.empty()) {
    if (config.kind != "fashion-mnist") {
      throw base::UserError(config.place + "/path", "data of kind '" + config.kind + "' needs a path",
                            "the folder of the four IDX files");
    }
    folder = debian_folder;
  }
  const std::string train_labels_path = find_file(folder, "train-labels", "idx1");
  const std::string prefix = train ? "train" : "t10k";
  const std::string images_path = find_file(folder, prefix + "-images", "idx3");
  const std::string labels_path = train ? train_labels_path : find_file(folder, prefix + "-labels", "idx1");

  RawImages raw;
  std::vector<std::uint8_t> image_file = read_idx(images_path);
  const IdxImages images = parse_idx_images(image_file, images_path);
  const std::vector<std::uint8_t> label_file = read_idx(labels_path);
  const auto labels = parse_idx_labels(label_file, labels_path);
  if (static_cast<std::int64_t>(labels.size()) != images.count) {
    throw base::UserError(labels_path, std::to_string(labels.size()) + " labels for " +
                                           std::to_string(images.count) + " images in " + images_path);
  }
  raw.channels = images.channels;
  raw.height = images.height;
  raw.width = images.width;
  raw.labels.assign(labels.begin(), labels.end());

  // The classes are those of the training labels, also when only the test files are asked for.
  std::int64_t highest = -1;
  if (train) {
    highest = *std::max_element(raw.labels.begin(), raw.labels.end());
  } else {
    const std::vector<std::uint8_t> train_file = read_idx(train_labels_path);
    for (std::uint8_t label : parse_idx_labels(train_file, train_labels_path)) {
      highest = std::max<std::int64_t>(highest, label);
    }
  }
  raw.class_names = class_names(config, highest + 1);
  const auto classes = static_cast<std::int64_t>(raw.class_names.size());
  for (std::size_t i = 0; i < raw.labels.size(); ++i) {
    if (raw.labels[i] < classes) continue;
    throw base::UserError(labels_path, "label " + std::to_string(raw.labels[i]) + " of example " +
                                           std::to_string(i) + " is out of range: there are " +
                                           std::to_string(classes) + " classes, 0 to " +
                                           std::to_string(classes - 1));
  }
  // Keep the buffer that was read instead of a copy: only the header goes.
  image_file.erase(image_file.begin(), image_file.begin() + (images.pixels.data() - image_file.data()));
  raw.pixels = std::move(image_file);
  return raw;
}

}  // namespace frugal::data
