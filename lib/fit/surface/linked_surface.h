// A surface seen through a link: the law is of the odds or of a loss, what is predicted is the error. It
// stands in a fit file as the surface that it has inside, with `link` beside it, which holds the inner runs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fit/surface/link.h"
#include "fit/surface/surface.h"

namespace frugal::fit {

class LinkedSurface final : public Surface {
 public:
  // measured: the inner surface's runs with the error that was measured, or that the link gives.
  LinkedSurface(std::unique_ptr<Surface> inner, Link link, Runs measured);
  static std::unique_ptr<Surface> read(const config::JsonNode& fit, const ReadOptions& options);

  const char* kind() const override { return inner_->kind(); }
  void write(nlohmann::ordered_json& fit) const override;
  std::vector<std::string> variables() const override { return inner_->variables(); }
  int draws() const override { return inner_->draws(); }
  double error(const RunScale& scale, int draw, bool with_misfit) const override;
  const std::vector<SurfaceComponent>& components() const override { return inner_->components(); }
  Estimate predict(const RunScale& scale, double coverage) const override;
  bool set_aside(const RunScale& run) const override { return inner_->set_aside(run); }
  const Link& link() const { return link_; }

 private:
  std::unique_ptr<Surface> inner_;
  Link link_;
};

// The runs with their error by the link.
Runs through(const Link& link, Runs inner);

}  // namespace frugal::fit
