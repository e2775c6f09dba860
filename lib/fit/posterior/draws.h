// Draws of a law's parameters by refits to resampled runs, and the misfit that rolling hold-outs show.
#pragma once

#include <cstddef>
#include <vector>

#include "fit/law/fit.h"
#include "fit/surface/joint.h"

namespace frugal::fit {

// [draw][parameter]; runs are drawn with replacement (fit/law/uncertainty.h).
std::vector<std::vector<double>> bootstrap_draws(const Law& law, const Runs& points,
                                                 const FitOptions& options, const FitResult& estimate,
                                                 std::size_t count);

// misses: ln y − ln ŷ of hidden runs; distances: how many times beyond the fitted edge each was; in_fit: root
// mean square of ln y − ln ŷ over fitted runs, corrected for the parameters. A bootstrap knows the noise, not
// that the law is only nearly right; hold-outs show both, and the excess over the noise is taken to grow with
// the logarithm of the distance.
Misfit misfit_of(const std::vector<double>& misses, const std::vector<double>& distances, double in_fit);

}  // namespace frugal::fit
