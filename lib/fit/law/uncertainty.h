// How well the runs determine a law's parameters: the bootstrap and profile likelihood. Neither says how far
// a prediction may miss (the law's misfit is shared by everything extrapolated to): that is predictive.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fit/law/fit.h"

namespace frugal::fit {

enum class Resample {
  cases,      // runs drawn with replacement
  residuals,  // y = ŷ e^(residual drawn with replacement) for log residuals, likewise for the others
};

struct BootstrapOptions {
  Resample resample = Resample::cases;
  int refits = 1000;
  std::uint64_t seed = 0;
};

struct Bootstrap {
  std::vector<std::vector<double>> theta;  // [refit][parameter], in the user's units
  int failed = 0;                          // refits that did not converge; their θ is where they stopped
};

// Refits, each started from the point estimate. Refit i draws from its own stream of the seed, so that the
// result does not depend on which of them run together.
Bootstrap bootstrap(const Law& law, const Runs& points, const FitResult& at, const FitOptions& fit_options,
                    const BootstrapOptions& options);

struct ParameterInterval {
  std::string name;
  double estimate = 0, lower = 0, upper = 0;
  bool open_below = false, open_above = false;  // the data sets no limit on this side within the bounds
};

// Profile likelihood: all θ_p whose minimum over the other parameters is within the χ²₁ quantile. The noise
// level is taken from the residuals at the minimum (n − free degrees of freedom; for a Huber loss of the log
// likelihood that is quadratic to δ and Laplacian beyond, the scale that maximises it).
ParameterInterval profile_interval(const Law& law, const Runs& points, const FitResult& at,
                                   const FitOptions& fit_options, const std::string& parameter, double level);

}  // namespace frugal::fit
