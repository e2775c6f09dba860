// What can be said of a minimum: is it one, does the data determine it, which bounds hold it.
#pragma once

#include <string>
#include <vector>

#include "fit/law/minimise.h"
#include "fit/law/setup.h"

namespace frugal::fit {

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

// Everything of the certificate but the counts of starts.
Certificate certify(Problem& problem, const Setup& setup, const Minimum& minimum);

// Sentences about bounds, unidentified parameters, duplicated runs and a search that did not agree. theta in
// the user's units.
std::vector<std::string> describe_limits(const Law& law, const Runs& runs, const Setup& setup,
                                         const std::vector<double>& theta, const Certificate& certificate);

}  // namespace frugal::fit
