// Where a file goes that the user named. Files that a program names itself, inside of an output folder,
// replace a symbolic link of that name (base/file.h): in a folder that others made it may lead anywhere.
#pragma once

#include <string>

namespace frugal::base {

// Of `--out latest.json`, where that is a link: the file that it leads to, so that the link stays one. Else
// the path as it is.
std::string given_path(const std::string& path);

}  // namespace frugal::base
