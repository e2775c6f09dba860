#include "data/images/image_file.h"

#include <algorithm>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "data/images/resize.h"

namespace frugal::data {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') || name == "__MACOSX" || name == "@eaDir";
}

bool is_image(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::uint8_t head[8] = {};
  in.read(reinterpret_cast<char*>(head), sizeof head);
  return image_kind({head, static_cast<std::size_t>(in.gcount())}) != ImageKind::other;
}

std::vector<std::string> image_files(const fs::path& folder, std::vector<std::string>* others) {
  std::vector<std::string> files;
  for (fs::recursive_directory_iterator it(folder), end; it != end; ++it) {
    if (is_hidden(it->path())) {
      if (it->is_directory()) it.disable_recursion_pending();
      continue;
    }
    if (!it->is_regular_file()) continue;
    if (is_image(it->path())) {
      files.push_back(it->path().string());
    } else if (others != nullptr) {
      others->push_back(it->path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

Decoded read_image(const std::string& path, std::int64_t channels) {
  const base::MappedFile file(path);
  return decode_image({file.data(), file.size()}, channels, path);
}

void read_resized(const std::string& path, std::int64_t channels, std::int64_t height, std::int64_t width,
                  std::uint8_t* out) {
  const Decoded image = read_image(path, channels);
  if (image.height == height && image.width == width) {
    std::copy(image.pixels.begin(), image.pixels.end(), out);
    return;
  }
  resize(image.pixels.data(), channels, image.height, image.width, centre_square(image.height, image.width),
         height, width, out);
}

}  // namespace frugal::data
