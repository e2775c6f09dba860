// The posterior over laws of size and data (fit/posterior/posterior.h) as a surface: it knows the
// distribution of ln error at every scale.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fit/posterior/posterior.h"
#include "fit/surface/surface.h"

namespace frugal::fit {

class PosteriorSurface final : public Surface {
 public:
  // The deviation of ln error is the posterior's times factor. effective_data: data counts as
  // fit::effective_data of it. draws: of its parts' parameters and of misfit.
  PosteriorSurface(Posterior posterior, double factor, bool effective_data, int draws, std::uint64_t seed,
                   Runs measured);
  static std::unique_ptr<Surface> read(const config::JsonNode& fit, const ReadOptions& options);

  const char* kind() const override { return "posterior"; }
  void write(nlohmann::ordered_json& fit) const override;
  std::vector<std::string> variables() const override;
  int draws() const override { return static_cast<int>(misfit_draws_.size()); }
  double error(const RunScale& scale, int draw, bool with_misfit) const override;
  Estimate predict(const RunScale& scale, double coverage) const override;
  bool set_aside(const RunScale& run) const override;
  // For each law its weight over all parts and the parameters, as published, of the likeliest of them.
  const std::vector<SurfaceComponent>& components() const override { return components_; }

 private:
  RunScale with_effective_data(RunScale scale) const;
  void set_components();
  void draw_parameters(std::uint64_t seed);

  struct LawDraw {
    std::size_t part;
    std::vector<double> parameters;
  };

  Posterior posterior_;
  double factor_;
  bool effective_data_;
  std::vector<SurfaceComponent> components_;
  std::vector<Posterior::Outlier> outliers_;
  std::vector<double> misfit_draws_;
  std::vector<LawDraw> law_draws_;
};

}  // namespace frugal::fit
