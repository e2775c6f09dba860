// The parts of curve.cpp that do not know of averaging: one candidate fitted to one curve.
#pragma once

#include <span>
#include <vector>

#include "fit/curve/curve.h"

namespace frugal::fit {

// The first `kept` points, relative to their own edge.
CurveData curve_head(const CurveData& data, std::size_t kept);

// Every law of the table plain, and those that the default averages with a discrepancy too. A hold-out leaves
// out the laws that are not averaged; their places keep a null law.
std::vector<CurveCandidate> fit_candidates(const CurveData& data, DiscrepancyKernel kernel,
                                           bool averaged_only = false);

// ln y at every t.
std::vector<double> predict_candidate(const CurveCandidate& candidate, const CurveData& data,
                                      DiscrepancyKernel kernel, std::span<const double> t);

}  // namespace frugal::fit
