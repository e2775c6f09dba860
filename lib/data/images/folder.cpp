// A folder a class: PATH/train/CLASS/*.png|jpg and PATH/test (or val) likewise, or PATH/CLASS/* alone where
// there is no test split. Classes are numbered by their sorted names. What a file is, its first bytes say.

#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/progress.h"
#include "data/images/image_file.h"
#include "data/images/raw.h"

namespace frugal::data {
namespace {

namespace fs = std::filesystem;

struct Listing {
  std::vector<std::string> files;  // sorted within each class
  std::vector<std::int64_t> labels;
  std::vector<std::string> class_names;
};

std::vector<std::string> sorted_subfolders(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code failure;
  for (fs::directory_iterator it(folder, failure), end; !failure && it != end; it.increment(failure)) {
    const std::string name = it->path().filename().string();
    if (it->is_directory() && !is_hidden(it->path())) names.push_back(name);
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
    std::vector<std::string> others;
    const std::vector<std::string> files = image_files(folder / name, &others);
    if (skipped == 0 && !others.empty()) first_skipped = others.front();
    skipped += static_cast<std::int64_t>(others.size());
    listing.files.insert(listing.files.end(), files.begin(), files.end());
    listing.labels.insert(listing.labels.end(), files.size(), found - class_names.begin());
  }
  if (skipped > 0) {
    base::log_note("data", std::to_string(skipped) +
                               " files that are neither PNG nor JPEG were skipped, first " + first_skipped);
  }
  return listing;
}

// Classes of one image, of which a network learns nothing that it could be judged on, and shares far apart,
// which it learns too.
void note_imbalance(const Listing& listing) {
  std::vector<std::int64_t> counts(listing.class_names.size());
  for (const std::int64_t label : listing.labels) ++counts[static_cast<std::size_t>(label)];
  const auto [fewest, most] = std::minmax_element(counts.begin(), counts.end());
  const std::string& rarest = listing.class_names[static_cast<std::size_t>(fewest - counts.begin())];
  const std::string& largest = listing.class_names[static_cast<std::size_t>(most - counts.begin())];
  if (*fewest == 1) {
    base::log_note("data", "warning: class '" + rarest +
                               "' has one image: whichever split it goes to, the other has none");
  } else if (*most > 10 * *fewest) {
    base::log_note("data", "the classes are unbalanced: " + std::to_string(*fewest) + " images of '" +
                               rarest + "', " + std::to_string(*most) + " of '" + largest +
                               "' (balanced_loss weighs them equally)");
  }
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
  if (train) note_imbalance(*listing);
  RawImages raw;
  raw.labels = listing->labels;
  raw.class_names = class_names;
  raw.channels = config.channels > 0 ? config.channels : 3;
  if (config.resolution > 0) {
    raw.height = raw.width = config.resolution;
  } else {
    const Decoded first = read_image(listing->files[0], raw.channels);
    raw.height = first.height;
    raw.width = first.width;
  }
  raw.load = [listing, channels = raw.channels, height = raw.height, width = raw.width,
              resized = config.resolution > 0](std::int64_t i, std::uint8_t* out) {
    const std::string& path = listing->files[static_cast<std::size_t>(i)];
    if (resized) {
      read_resized(path, channels, height, width, out);
      return;
    }
    const Decoded image = read_image(path, channels);
    if (image.height != height || image.width != width) {
      throw base::UserError(path,
                            "an image of " + std::to_string(image.width) + "×" +
                                std::to_string(image.height) + " pixels among images of " +
                                std::to_string(width) + "×" + std::to_string(height),
                            "set data.resolution to bring all to one size");
    }
    std::copy(image.pixels.begin(), image.pixels.end(), out);
  };
  return raw;
}

}  // namespace frugal::data
