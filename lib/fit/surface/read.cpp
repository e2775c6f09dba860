#include "fit/surface/read.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "fit/runs/roles.h"
#include "fit/surface/curve_surface.h"
#include "fit/surface/law_surface.h"
#include "fit/surface/posterior_surface.h"

namespace frugal::fit {
namespace {

// Earlier versions called both kinds of several variables "joint".
std::unique_ptr<Surface> read_joint(const config::JsonNode& fit, const ReadOptions& options) {
  return fit.has("posterior") ? PosteriorSurface::read(fit, options) : LawSurface::read(fit, options);
}

}  // namespace

const std::vector<SurfaceKind>& surface_kinds() {
  static const std::vector<SurfaceKind> table = {{"curve", CurveSurface::read},
                                                 {"posterior", PosteriorSurface::read},
                                                 {"laws", LawSurface::read},
                                                 {"joint", read_joint}};
  return table;
}

std::unique_ptr<Surface> read_surface(const config::JsonNode& fit, const ReadOptions& options) {
  std::vector<std::string> names;
  for (const SurfaceKind& kind : surface_kinds()) names.emplace_back(kind.name);
  const std::string name = fit["kind"].one_of(names);
  const auto kind = std::find_if(surface_kinds().begin(), surface_kinds().end(),
                                 [&name](const SurfaceKind& one) { return one.name == name; });
  return kind->read(fit, options);
}

Runs read_runs(const config::JsonNode& node) {
  Runs runs;
  runs.y = node["error"].numbers();
  if (runs.y.empty()) node.fail("must have at least one run");
  for (const Role& role : roles()) {
    if (!role.is_number() || role.values == &Runs::y || !node.has(role.name)) continue;
    std::vector<double> values = node[role.name].numbers();
    if (values.size() != runs.count()) node[role.name].fail("must be as long as error");
    if (role.scale != nullptr) {
      runs.set_column(role.name, std::move(values));
    } else {
      runs.*role.values = std::move(values);
    }
  }
  return runs;
}

nlohmann::ordered_json components_to_json(const std::vector<SurfaceComponent>& components) {
  nlohmann::ordered_json laws = nlohmann::ordered_json::array();
  for (const SurfaceComponent& component : components) {
    nlohmann::ordered_json parameters = nlohmann::ordered_json::array();
    for (std::size_t p = 0; p < component.theta.size(); ++p) {
      const double value = component.theta[p];
      parameters.push_back({{"name", component.law->parameters[p].name},
                            {"value", std::isfinite(value) ? nlohmann::ordered_json(value) : nullptr}});
    }
    laws.push_back({{"law", component.law->name},
                    {"formula", component.law->formula},
                    {"source", component.law->source},
                    {"variables", component.law->variables},
                    {"weight", component.weight},
                    {"parameters", std::move(parameters)}});
  }
  return laws;
}

}  // namespace frugal::fit
