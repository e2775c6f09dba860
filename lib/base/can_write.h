// Whether a result can be written where it is wanted, asked before the work that makes it.
#pragma once

#include <string>

namespace frugal::base {

// Throws Failure where no file of that name can be written: a folder that is not there or not ours, a
// read-only disk. Leaves nothing. "-" and empty: nothing is asked. Devices and pipes are not opened.
void check_can_write(const std::string& path);

// The same of a folder, which is made with those above it.
void check_can_make_folder(const std::string& path);

// The same of a file to which lines are added.
void check_can_append(const std::string& path);

}  // namespace frugal::base
