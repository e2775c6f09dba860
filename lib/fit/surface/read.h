// Surfaces in a fit file: each kind writes itself (Surface::write) and reads itself through this table.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "config/json_node.h"
#include "fit/surface/surface.h"

namespace frugal::fit {

struct ReadOptions {
  std::uint64_t seed = 0;  // of the fit
  int draws = 400;         // of the fit
};

struct SurfaceKind {
  const char* name;
  std::unique_ptr<Surface> (*read)(const config::JsonNode& fit, const ReadOptions& options);
};
const std::vector<SurfaceKind>& surface_kinds();

// fit: one of a fit file's fits. Errors: UserError with its JSON path.
std::unique_ptr<Surface> read_surface(const config::JsonNode& fit, const ReadOptions& options);

// What kinds share: the runs that were fitted; law, formula, source, variables, weight and parameters of each
// component.
Runs read_runs(const config::JsonNode& runs);
nlohmann::ordered_json components_to_json(const std::vector<SurfaceComponent>& components);

}  // namespace frugal::fit
