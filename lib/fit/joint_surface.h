// A surface made of one or several laws (their average in ln error), each with its parameters and draws of
// them.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "fit/law.h"
#include "fit/surface.h"

namespace frugal::fit {

// Standard deviation of ln error around the law, for a run `beyond` times larger than the largest fitted one.
struct Misfit {
  double noise = 0;   // from run to run
  double shared = 0;  // of the law where runs were fitted
  double growth = 0;  // more for each factor e beyond them
  double log_sd(double beyond) const;
};

struct SurfaceComponent {
  std::shared_ptr<const Law> law;
  double weight = 1;
  std::vector<double> theta;
  std::vector<std::vector<double>> draws;  // [draw][parameter]
};

class JointSurface final : public Surface {
 public:
  // misfit_draws: one standard normal number a draw; every component has as many draws.
  JointSurface(std::vector<SurfaceComponent> components, Misfit misfit, std::vector<double> misfit_draws,
               Measured measured);

  std::vector<std::string> variables() const override { return variables_; }
  int draws() const override { return static_cast<int>(misfit_draws_.size()); }
  double error(const RunScale& scale, int draw, bool with_misfit) const override;
  const std::vector<SurfaceComponent>& components() const { return components_; }
  const Misfit& misfit() const { return misfit_; }

 private:
  std::vector<SurfaceComponent> components_;
  Misfit misfit_;
  std::vector<double> misfit_draws_;
  std::vector<std::string> variables_;
  RunScale edge_;
};

// Standard normal numbers at equal steps of probability, in an order that the seed shuffles: few of them
// stand for the distribution as well as many random ones.
std::vector<double> normal_scores(std::size_t count, std::uint64_t seed);

}  // namespace frugal::fit
