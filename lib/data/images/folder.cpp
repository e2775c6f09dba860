// A folder a class: PATH/train/CLASS/*.png|jpg and PATH/test (or val) likewise, or PATH/CLASS/* alone where
// there is no test split. Classes are numbered by their sorted names. What a file is, its first bytes say.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "data/images/decode.h"
#include "data/images/raw.h"
#include "data/images/resize.h"

namespace frugal::data {
namespace {

namespace fs = std::filesystem;

struct Listing {
  std::vector<std::string> files;  // sorted within each class
  std::vector<std::int64_t> labels;
  std::vector<std::string> class_names;
};

bool is_image(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::uint8_t head[8] = {};
  in.read(reinterpret_cast<char*>(head), sizeof head);
  return image_kind({head, static_cast<std::size_t>(in.gcount())}) != ImageKind::other;
}

std::vector<std::string> sorted_subfolders(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code failure;
  for (fs::directory_iterator it(folder, failure), end; !failure && it != end; it.increment(failure)) {
    const std::string name = it->path().filename().string();
    if (it->is_directory() && name[0] != '.') names.push_back(name);
  }
  if (failure) throw base::UserError(folder.string(), "cannot be read: " + failure.message());
  std::sort(names.begin(), names.end());
  return names;
}

// The folder of a split; the training one is PATH itself where there is no PATH/train.
fs::path split_folder(const fs::path& path, bool train) {
  if (!fs::is_directory(path)) throw base::UserError(path.string(), "no such folder");
  if (train) return fs::is_directory(path / "train") ? path / "train" : path;
  for (const char* name : {"test", "val"}) {
    if (fs::is_directory(path / name)) return path / name;
  }
  throw base::UserError(
      path.string(), "there is no test split: neither test/ nor val/ is in this folder",
      "put a folder a class under train/ and under test/, or hold out a share of these images: "
      "data.validation=0.2");
}

Listing list_images(const fs::path& folder, const std::vector<std::string>& class_names) {
  Listing listing;
  listing.class_names = class_names;
  std::int64_t skipped = 0;
  std::string first_skipped;
  for (const std::string& name : sorted_subfolders(folder)) {
    const auto found = std::find(class_names.begin(), class_names.end(), name);
    if (found == class_names.end()) {
      throw base::UserError((folder / name).string(),
                            "class '" + name + "' is not among the training classes",
                            base::suggest(name, class_names));
    }
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder / name)) {
      if (!entry.is_regular_file()) continue;
      if (is_image(entry.path())) {
        files.push_back(entry.path().string());
      } else if (++skipped == 1) {
        first_skipped = entry.path().string();
      }
    }
    std::sort(files.begin(), files.end());
    listing.files.insert(listing.files.end(), files.begin(), files.end());
    listing.labels.insert(listing.labels.end(), files.size(), found - class_names.begin());
  }
  if (skipped > 0) {
    base::log_note("data", std::to_string(skipped) +
                               " files that are neither PNG nor JPEG were skipped, first " + first_skipped);
  }
  return listing;
}

Decoded decode_file(const std::string& path, std::int64_t channels) {
  const base::MappedFile file(path);
  return decode_image({file.data(), file.size()}, channels, path);
}

}  // namespace

RawImages read_folder(const DataConfig& config, bool train) {
  if (config.path.empty()) {
    throw base::UserError(config.place + "/path", "data of kind 'folder' needs a path",
                          "the folder of the images");
  }
  const std::vector<std::string> class_names = sorted_subfolders(split_folder(config.path, true));
  const fs::path folder = split_folder(config.path, train);
  if (class_names.empty()) {
    throw base::UserError(config.path, "no class folders in this folder",
                          "put the images in a folder a class");
  }
  auto listing = std::make_shared<Listing>(list_images(folder, class_names));
  if (listing->files.empty()) {
    throw base::UserError(folder.string(), "no PNG or JPEG file in the class folders");
  }
  for (std::size_t c = 0; train && c < class_names.size(); ++c) {
    const auto label = static_cast<std::int64_t>(c);
    if (std::find(listing->labels.begin(), listing->labels.end(), label) == listing->labels.end()) {
      throw base::UserError((folder / class_names[c]).string(), "no PNG or JPEG file in this class folder",
                            "put images there or take the folder away");
    }
  }
  RawImages raw;
  raw.labels = listing->labels;
  raw.class_names = class_names;
  raw.channels = config.channels > 0 ? config.channels : 3;
  if (config.resolution > 0) {
    raw.height = raw.width = config.resolution;
  } else {
    const Decoded first = decode_file(listing->files[0], raw.channels);
    raw.height = first.height;
    raw.width = first.width;
  }
  raw.load = [listing, channels = raw.channels, height = raw.height, width = raw.width,
              resized = config.resolution > 0](std::int64_t i, std::uint8_t* out) {
    const std::string& path = listing->files[static_cast<std::size_t>(i)];
    const Decoded image = decode_file(path, channels);
    if (image.height == height && image.width == width) {
      std::copy(image.pixels.begin(), image.pixels.end(), out);
    } else if (resized) {
      const Box box = centre_square(image.height, image.width);
      resize(image.pixels.data(), channels, image.height, image.width, box, height, width, out);
    } else {
      throw base::UserError(path,
                            "an image of " + std::to_string(image.width) + "×" +
                                std::to_string(image.height) + " pixels among images of " +
                                std::to_string(width) + "×" + std::to_string(height),
                            "set data.resolution to bring all to one size");
    }
  };
  return raw;
}

}  // namespace frugal::data
