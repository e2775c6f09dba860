// One law, one series of runs: the global minimum of the objective, with a certificate that says how sure
// that is and what the data does not identify.
//
// Search: for a separable law, a scan over the parameters that are not linear (usually the exponents), a
// non-negative least squares in the others at each point; for any other law, random starts. The best few and
// some at random are polished (minimise.h); perturbed restarts follow: the minimum is refitted with random
// weights and, from where that ended, with the true ones again, which finds the neighbouring minima that a
// nearly-L1 loss has. Offsets of the scan, the random starts and the restarts are drawn from the seed.
#pragma once

#include <string>
#include <vector>

#include "fit/law/law.h"
#include "fit/law/minimise.h"
#include "fit/law/setup.h"
#include "fit/runs/runs.h"

namespace frugal::fit {

// What can be said of a minimum: is it one, does the data determine it, which bounds hold it.
struct Certificate {
  bool converged = false;
  double projected_gradient = 0;      // at the bounds, relative; see Minimum
  double predicted_decrease = 0;      // of a full Newton step, relative to the objective
  int starts = 0;                     // polished starts and restarts
  int agreeing = 0;                   // of these, within 1e-6 of the least objective found
  double share = 0;                   // agreeing / starts
  double condition = 0;               // of the Gauss-Newton matrix of free parameters, in their natural units
  std::vector<std::string> at_bound;  // active bounds, e.g. "E"
  std::vector<std::string> unidentified;  // parameters that the data does not determine (almost flat)
};

struct FitResult {
  std::string law;
  std::vector<std::string> names;  // of the parameters
  std::vector<double> theta;
  double objective = 0;  // the summed loss
  Certificate certificate;
  std::vector<double> predicted;  // ŷ of the fitted runs
  // Relative error δ = (ŷ − y)/y of the fitted runs: mean and standard deviation (Rosenfeld et al. 2020).
  double mu = 0, sigma = 0;
  double log_rmse = 0;
  std::vector<std::string> warnings;  // sentences for the report
};

// Refuses with a UserError: fewer runs than free parameters, a variable with one value only, an unknown
// parameter in fixed or bounds, values that are not finite or not positive.
FitResult fit(const Law& law, const Runs& points, const FitOptions& options = {});

// Predictions of the runs at result.theta, and mu, sigma and log_rmse of their residuals.
void add_residuals(FitResult& result, const Law& law, const Runs& points);

}  // namespace frugal::fit
