// What writes that were killed left behind: every file is written aside (base/file.h) under a name that says
// which process writes it, so that a later one can tell what nobody will finish.
#pragma once

#include <string>
#include <string_view>

namespace frugal::base {

// Where a process writes what will be `path`: "PATH.123.part".
std::string aside_name(const std::string& path, int process);

// Removes files of `folder` that were written aside, whose names begin with `prefix` and end as files that we
// write do, and whose process runs no longer. A FolderLock does so when it is taken.
void clear_left_aside(const std::string& folder, std::string_view prefix = "");

}  // namespace frugal::base
