// Reading back what `scalefit fit` printed: `predict`, `plan`, `compare` and `design` start from it.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "fit/surface/surface.h"

namespace frugal::fit {

struct ReadFit {
  std::unique_ptr<Surface> surface;
  std::string group, cost;
  double coverage = 0.95;
};

// group: empty where the file holds one fit only. Errors: UserError with origin and JSON path.
ReadFit read_fit(const nlohmann::json& json, const std::string& origin, const std::string& group);

}  // namespace frugal::fit
