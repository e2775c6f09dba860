// A surface made of one or several laws (their average in ln error), each with its parameters and draws of
// them; or of the posterior that fit/posterior/posterior.h averages.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fit/law/law.h"
#include "fit/posterior/posterior.h"
#include "fit/surface/surface.h"

namespace frugal::fit {

// Standard deviation of ln error around the law, for a run `beyond` times larger than the largest fitted one.
struct Misfit {
  double noise = 0;   // from run to run
  double shared = 0;  // of the law where runs were fitted
  double growth = 0;  // more for each factor e beyond them
  double log_sd(double beyond) const;
};

// misses: ln y − ln ŷ of hidden runs; distances: how many times beyond the fitted edge each was; in_fit: root
// mean square of ln y − ln ŷ over fitted runs, corrected for the parameters. A bootstrap knows the noise, not
// that the law is only nearly right; hold-outs show both, and the excess over the noise is taken to grow with
// the logarithm of the distance.
Misfit misfit_of(const std::vector<double>& misses, const std::vector<double>& distances, double in_fit);

struct SurfaceComponent {
  std::shared_ptr<const Law> law;
  std::string label;  // of a member; empty: the law's name
  double weight = 1;
  std::vector<double> theta;
  std::vector<std::vector<double>> draws;  // [draw][parameter]
};

class JointSurface final : public Surface {
 public:
  // misfit_draws: one standard normal number a draw; every component has as many draws.
  JointSurface(std::vector<SurfaceComponent> components, Misfit misfit, std::vector<double> misfit_draws,
               Runs measured);

  // The deviation of ln error is the posterior's times factor; as many draws of its parts' parameters as
  // there are of misfit. effective_data: data counts as fit::effective_data of it.
  JointSurface(Posterior posterior, double factor, bool effective_data, std::vector<double> misfit_draws,
               std::uint64_t seed, Runs measured);

  std::vector<std::string> variables() const override { return variables_; }
  int draws() const override { return static_cast<int>(misfit_draws_.size()); }
  double error(const RunScale& scale, int draw, bool with_misfit) const override;
  Estimate predict(const RunScale& scale, double coverage) const override;
  const std::vector<SurfaceComponent>& components() const { return components_; }
  const Misfit& misfit() const { return misfit_; }
  // Null: the components are all there is.
  const Posterior* posterior() const { return posterior_ ? &*posterior_ : nullptr; }
  double factor() const { return factor_; }  // of the posterior's deviations
  bool effective_data() const { return effective_data_; }

 private:
  void set_up(Runs measured);
  double log_error(const SurfaceComponent& component, std::size_t index, const std::vector<double>& theta,
                   const RunScale& scale) const;

  RunScale with_effective_data(RunScale scale) const;

  std::vector<SurfaceComponent> components_;
  std::optional<Posterior> posterior_;
  double factor_ = 1;
  bool effective_data_ = false;
  struct LawDraw {
    std::size_t part;
    std::vector<double> parameters;
  };
  std::vector<LawDraw> law_draws_;  // of the posterior
  Misfit misfit_;
  std::vector<double> misfit_draws_;
  std::vector<std::string> variables_;
  std::vector<std::vector<double RunScale::*>> inputs_;  // of each component
  std::vector<double RunScale::*> scales_;               // of variables_
};

}  // namespace frugal::fit
