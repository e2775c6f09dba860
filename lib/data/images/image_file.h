// Images as files: which of a folder's files are some, and one of them brought to a size.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/images/decode.h"

namespace frugal::data {

// What systems leave beside images: ".DS_Store", "._cat.png", ".thumbnails", the folders of macOS's archives.
bool is_hidden(const std::filesystem::path& path);

// By its first bytes: PNG or JPEG.
bool is_image(const std::filesystem::path& path);

// The images of a folder and of the folders in it, sorted, hidden ones left out; `others`: the files that are
// none.
std::vector<std::string> image_files(const std::filesystem::path& folder,
                                     std::vector<std::string>* others = nullptr);

Decoded read_image(const std::string& path, std::int64_t channels);

// The centre square at height × width, C×H×W bytes; as it is where it has that size already.
void read_resized(const std::string& path, std::int64_t channels, std::int64_t height, std::int64_t width,
                  std::uint8_t* out);

}  // namespace frugal::data
