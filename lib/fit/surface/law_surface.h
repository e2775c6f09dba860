// A surface made of one or several laws (their average in ln error), each with its parameters and draws of
// them, and of the misfit that rolling hold-outs showed.
#pragma once

#include <memory>
#include <string>
#include <vector>

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

class LawSurface final : public Surface {
 public:
  // misfit_draws: one standard normal number a draw; every component has as many draws.
  LawSurface(std::vector<SurfaceComponent> components, Misfit misfit, std::vector<double> misfit_draws,
             Runs measured);
  static std::unique_ptr<Surface> read(const config::JsonNode& fit, const ReadOptions& options);

  const char* kind() const override { return "laws"; }
  void write(nlohmann::ordered_json& fit) const override;
  std::vector<std::string> variables() const override { return variables_; }
  int draws() const override { return static_cast<int>(misfit_draws_.size()); }
  double error(const RunScale& scale, int draw, bool with_misfit) const override;
  const std::vector<SurfaceComponent>& components() const override { return components_; }

 private:
  double log_error(std::size_t component, const std::vector<double>& theta, const RunScale& scale) const;

  std::vector<SurfaceComponent> components_;
  Misfit misfit_;
  std::vector<double> misfit_draws_;
  std::vector<std::string> variables_;
  // A variable of a scale, looked up once: a member, or a name of RunScale::others.
  struct Input {
    double RunScale::*member = nullptr;
    std::string name;
    double in(const RunScale& scale) const { return member != nullptr ? scale.*member : scale.of(name); }
  };
  static Input input_of(const std::string& variable);
  std::vector<std::vector<Input>> inputs_;  // of each component
  std::vector<Input> scales_;               // of variables_
};

}  // namespace frugal::fit
