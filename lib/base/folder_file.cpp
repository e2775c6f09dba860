#include "base/folder_file.h"

#include <filesystem>
#include <system_error>

#include "base/error.h"

namespace frugal::base {
namespace {

namespace fs = std::filesystem;

bool within(const fs::path& path, const fs::path& folder) {
  auto at = path.begin();
  for (const fs::path& part : folder) {
    if (at == path.end() || *at != part) return false;
    ++at;
  }
  return true;
}

std::string kind_of(fs::file_type type) {
  switch (type) {
    case fs::file_type::directory:
      return "a folder";
    case fs::file_type::fifo:
      return "a pipe";
    case fs::file_type::socket:
      return "a socket";
    case fs::file_type::character:
    case fs::file_type::block:
      return "a device";
    default:
      return "no regular file";
  }
}

}  // namespace

bool in_folder(const std::string& folder, const std::string& name) {
  std::error_code error;
  return fs::exists(fs::symlink_status(fs::path(folder) / name, error));
}

std::string refused(const std::string& folder, const std::string& name) {
  std::error_code error;
  const fs::path path = fs::path(folder) / name;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return in_folder(folder, name) ? "is a link to nothing" : "is missing";
  if (!fs::is_regular_file(status)) return "is " + kind_of(status.type()) + ", not a file";
  const fs::path root = fs::canonical(folder, error);
  const fs::path real = fs::canonical(path, error);
  if (error) return "cannot be followed: " + error.message();
  if (within(real, root)) return "";
  const fs::path snapshots = root.parent_path();
  if (snapshots.filename() == "snapshots" && within(real, snapshots.parent_path() / "blobs")) return "";
  return "is a link that leads out of the folder, to " + real.string();
}

std::string folder_file(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name;
  if (const std::string why = refused(folder, name); !why.empty()) {
    throw UserError(path, why, why == "is missing" ? "" : "put the file itself there");
  }
  return path;
}

}  // namespace frugal::base
