// The measured runs alone, without a law: their lower envelope and the parabola of each compute budget
// (fit/law/isoflop.h), as part of what `scalefit fit` prints and shows.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "fit/law/isoflop.h"
#include "fit/runs/runs.h"
#include "fit/surface/surface.h"

namespace frugal::report {
class Page;
}

namespace frugal::fit {

struct MeasuredIsoflop {
  Runs runs;    // with a column of compute
  Isoflop fit;  // only budgets of three sizes and more
  std::vector<std::size_t> envelope;
  Estimate size_exponent;  // interval from resampled runs; NaN where no line was fitted
};

// Nothing where the runs have no size and data, or no budget has three sizes.
// cost: of a run, as an expression in N and D, where the runs have no compute of their own.
std::optional<MeasuredIsoflop> measure_isoflop(const Runs& runs, const std::string& cost, double coverage,
                                               std::uint64_t seed);
nlohmann::ordered_json to_json(const MeasuredIsoflop& measured);
void add_measured_isoflop(report::Page& page, const MeasuredIsoflop& measured, double coverage);

}  // namespace frugal::fit
