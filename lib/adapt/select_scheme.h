// What `tinytrain-compile select` does with files: the scheme (sparse/select.h) of a network whose parts
// `contribute` measured, with the trainings that `freeze` may ask for.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sparse/select.h"

namespace frugal::adapt {

struct SelectFiles {
  std::string network, weights;  // what network/import/load.h reads
  std::string contributions;     // contributions.jsonl
  std::string train;   // config of `contribute`: freeze measures by such trainings; empty: gains are added up
  std::string html;    // a page; empty: none
  bool quiet = false;  // no progress of trainings on standard error
};

// The whole result. effective: the config as it stands in there. The head is counted as `adapt` trains it, in
// float.
nlohmann::ordered_json select_scheme(const SelectFiles& files, const sparse::SelectConfig& config,
                                     const nlohmann::json& effective);

}  // namespace frugal::adapt
