// The folder of a compiled network: C, build files, the network as it begins, and what the compiler says of
// it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "compile/config.h"

namespace frugal::compile {

// Compiles and writes; gives what compile.json holds. `effective`: the whole config, as it stands there.
//
//   frugal_model.h, frugal_model.c, kernels/, runtime/, boards/, Makefile … (device/files.h)
//   model/            the network as it begins to learn (network/import/model_folder.h)
//   plan.csv          the arena: blocks with their offsets
//   compile.json      written last: a folder without it is not whole
//   report.html
//
// A file that is there already and that no compiler wrote (your main.c, build/) stays; a folder that holds
// files but no compile.json is refused.
nlohmann::ordered_json compile_to(const std::string& folder, const CompileConfig& config,
                                  const nlohmann::json& effective);

// compile.json of a folder. Throws UserError where it is none that is whole.
nlohmann::ordered_json read_compiled(const std::string& folder);

// What `--emit` prints (text_of in compile/stages.h). Throws UserError as compile_to does.
std::string emitted(const std::string& stage, const CompileConfig& config);
extern const std::vector<std::string> stage_names;  // in their order

// A few lines for people.
std::string summary_of(const nlohmann::ordered_json& compiled, const std::string& folder);

}  // namespace frugal::compile
