// Files of a folder that somebody else made (a model directory): only regular ones are read, so that a pipe
// or a device cannot hang a program, and a link may not lead out of the folder. One exception: Hugging Face's
// cache, where snapshots/REVISION/FILE is a link to ../../blobs/HASH.
#pragma once

#include <string>

namespace frugal::base {

// Whether there is anything of that name in the folder, a broken link included.
bool in_folder(const std::string& folder, const std::string& name);

// Why the file may not be read; empty where it may. `name` may have folders in it.
std::string refused(const std::string& folder, const std::string& name);

// folder/name, to be opened. UserError where it is absent or refused.
std::string folder_file(const std::string& folder, const std::string& name);

}  // namespace frugal::base
