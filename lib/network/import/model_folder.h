// A graph with its numbers on disk, between commands: a folder with model.ir (the text form of the graph) and
// model.safetensors (its parameters, states and constants by name). What is written is read back the same.
//
// Both files are written aside and renamed; the second names a digest of the first, so that two that do not
// belong together (a command was killed between them) are refused.
#pragma once

#include <string>

#include "ir/ids.h"

namespace frugal::network {

bool is_model_folder(const std::string& path);

void write_model(const std::string& folder, const ir::Model& model);

// Throws UserError at "folder/model.ir:line:column" or at the tensor in folder/model.safetensors.
ir::Model read_model(const std::string& folder);

}  // namespace frugal::network
