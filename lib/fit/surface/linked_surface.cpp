#include "fit/surface/linked_surface.h"

#include <nlohmann/json.hpp>

namespace frugal::fit {

LinkedSurface::LinkedSurface(std::unique_ptr<Surface> inner, Link link, Runs measured)
    : Surface(std::move(measured)), inner_(std::move(inner)), link_(std::move(link)) {
  law_name =
      inner_->law_name + (link_.kind == Link::Kind::odds ? ", of the odds" : ", then a sigmoid of the loss");
  note = inner_->note;
}

double LinkedSurface::error(const RunScale& scale, int draw, bool with_misfit) const {
  return link_.error_of(inner_->error(scale, draw, with_misfit), draw, with_misfit);
}

// Exactly where the link has no draws of its own.
Estimate LinkedSurface::predict(const RunScale& scale, double coverage) const {
  if (link_.kind == Link::Kind::sigmoid) return Surface::predict(scale, coverage);
  const Estimate inner = inner_->predict(scale, coverage);
  return {link_.error_of(inner.value, estimate, false), link_.error_of(inner.low, estimate, false),
          link_.error_of(inner.high, estimate, false)};
}

void LinkedSurface::write(nlohmann::ordered_json& fit) const {
  inner_->write(fit);
  fit["link"] = link_.to_json();
  fit["link"]["runs"] = fit::to_json(inner_->measured());
}

std::unique_ptr<Surface> LinkedSurface::read(const config::JsonNode& fit, const ReadOptions& options) {
  const config::JsonNode node = fit["link"];
  Link link = Link::read(node);
  read_runs(node["runs"]);  // refused with their own path
  nlohmann::json inner = fit.json();
  inner["runs"] = inner["link"]["runs"];
  inner.erase("link");
  return std::make_unique<LinkedSurface>(
      read_surface(config::JsonNode(inner, fit.origin(), fit.path()), options), std::move(link),
      read_runs(fit["runs"]));
}

Runs through(const Link& link, Runs inner) {
  for (std::size_t i = 0; i < inner.count(); ++i)
    inner.y[i] = link.error_of(inner.y[i], Surface::estimate, false);
  inner.standard_error.clear();
  return inner;
}

}  // namespace frugal::fit
