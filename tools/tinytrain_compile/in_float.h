// What tinytrain-compile gives to tinytrain-float, the executable that computes float networks with LibTorch:
// the baseline `adapt --set method.kind=fp32`, and `quantize`. It reads this from standard input.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/flags.h"
#include "cli/hand_over.h"

namespace frugal::tinytrain_compile {

// config: the whole of it. Errors come from `place` of it.
template <class Config>
[[noreturn]] void hand_over_to_float(const std::string& command, const cli::Loaded<Config>& loaded,
                                     const cli::CommonFlags& flags, const std::string& place,
                                     const std::string& what) {
  const nlohmann::json work{{"command", command},      {"config", loaded.effective.json()},
                            {"origin", loaded.origin}, {"out", flags.out},
                            {"resume", flags.resume},  {"quiet", flags.quiet}};
  cli::hand_over("tinytrain-float", work.dump(), place, what);
}

}  // namespace frugal::tinytrain_compile
