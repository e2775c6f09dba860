#include "fit/surface/surface.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "fit/numeric/statistics.h"
#include "fit/runs/roles.h"
#include "fit/surface/curve_surface.h"
#include "fit/surface/law_surface.h"
#include "fit/surface/linked_surface.h"
#include "fit/surface/posterior_surface.h"

namespace frugal::fit {

nlohmann::ordered_json finite_json(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

nlohmann::ordered_json to_json(const Estimate& e) {
  return {{"value", finite_json(e.value)}, {"low", finite_json(e.low)}, {"high", finite_json(e.high)}};
}

const std::vector<SurfaceComponent>& Surface::components() const {
  static const std::vector<SurfaceComponent> none;
  return none;
}

bool Surface::uses(const std::string& variable) const {
  const std::vector<std::string> used = variables();
  return std::find(used.begin(), used.end(), variable) != used.end();
}

Estimate Surface::predict(const RunScale& scale, double coverage) const {
  std::vector<double> values;
  for (int draw = 0; draw < draws(); ++draw) values.push_back(error(scale, draw, true));
  return estimate_of(error(scale, estimate, true), std::move(values), coverage);
}

Surface::Surface(Runs measured) : measured_(std::move(measured)) {
  for (std::size_t v = 0; v < measured_.names.size(); ++v) {
    const std::vector<double>& values = measured_.columns[v];
    if (values.empty()) continue;
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    smallest_.set(measured_.names[v], *low);
    largest_.set(measured_.names[v], *high);
  }
}

double Surface::beyond(const RunScale& scale) const {
  const RunScale& edge = largest_;
  double factor = 0;
  for (const std::string& name : variables()) {
    if (edge.of(name) > 0) factor = std::max(factor, scale.of(name) / edge.of(name));
  }
  return factor;
}

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

namespace {

Metric read_metric(const config::JsonNode& node) {
  Metric metric;
  metric.name = node["name"].text();
  metric.rises = node["rises"].flag();
  metric.unit = node["unit"].number(config::greater_than(0));
  metric.chance = node["chance"].number(config::at_least(0));
  return metric;
}

}  // namespace

std::unique_ptr<Surface> read_surface(const config::JsonNode& fit, const ReadOptions& options) {
  if (fit.has("link")) {
    auto linked = LinkedSurface::read(fit, options);
    if (fit.has("metric")) linked->metric = read_metric(fit["metric"]);
    return linked;
  }
  std::vector<std::string> names;
  for (const SurfaceKind& kind : surface_kinds()) names.emplace_back(kind.name);
  if (fit["kind"].text() == "annealing")
    fit["kind"].fail("is a fit along learning-rate schedules, which holds no error over scale",
                     "scalefit predict FIT --schedule cosine:peak=3e-4,warmup=500,steps=20000");
  const std::string name = fit["kind"].one_of(names);
  const auto kind = std::find_if(surface_kinds().begin(), surface_kinds().end(),
                                 [&name](const SurfaceKind& one) { return one.name == name; });
  auto surface = kind->read(fit, options);
  if (fit.has("metric")) surface->metric = read_metric(fit["metric"]);
  return surface;
}

Runs read_runs(const config::JsonNode& node) {
  Runs runs;
  runs.y = node["error"].numbers();
  if (runs.y.empty()) node.fail("must have at least one run");
  for (const Role& role : roles()) {
    if (!role.is_number() || role.values == &Runs::y || !node.has(role.name)) continue;
    std::vector<double> values =
        node[role.name].numbers(role.scale != nullptr ? config::greater_than(0) : config::any_number());
    if (values.size() != runs.count()) node[role.name].fail("must be as long as error");
    if (role.scale != nullptr) {
      runs.set_column(role.name, std::move(values));
    } else {
      runs.*role.values = std::move(values);
    }
  }
  if (!node.has("variables")) return runs;
  for (const auto& [name, list] : node["variables"].members()) {
    std::vector<double> values = list.numbers();
    if (values.size() != runs.count()) list.fail("must be as long as error");
    runs.set_column(name, std::move(values));
  }
  return runs;
}

nlohmann::ordered_json components_to_json(const std::vector<SurfaceComponent>& components) {
  nlohmann::ordered_json laws = nlohmann::ordered_json::array();
  for (const SurfaceComponent& component : components) {
    nlohmann::ordered_json parameters = nlohmann::ordered_json::array();
    for (std::size_t p = 0; p < component.theta.size(); ++p) {
      parameters.push_back(
          {{"name", component.law->parameters[p].name}, {"value", finite_json(component.theta[p])}});
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
