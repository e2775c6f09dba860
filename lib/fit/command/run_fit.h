// `scalefit fit`: measurements in, a fitted surface a series out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fit/command/fit_config.h"
#include "fit/command/isoflop.h"
#include "fit/command/page_parts.h"
#include "fit/curve/curve.h"
#include "fit/law/uncertainty.h"
#include "fit/surface/surface.h"

namespace frugal::fit {

// One rolling hold-out: the runs above an edge of cost were hidden and predicted from the others.
struct HoldOut {
  std::string variable = "cost";  // what the hidden runs have more of
  std::size_t fitted = 0, hidden = 0;
  double beyond = 0;             // largest hidden cost / largest fitted cost
  std::vector<double> log_rmse;  // of each candidate law; NaN where it could not be fitted
  double average_log_rmse = 0;   // of their average
  std::vector<Judged> rows;      // the hidden runs; NaN where there is no interval
};

// One series, fitted: by laws of several variables, or by a `curve` of one.
struct SeriesFit {
  std::string group;
  Runs runs;                       // fitted
  Runs held_out;                   // those whose train column says 0
  Runs left_out;                   // diverged
  std::vector<std::string> notes;  // what the fit cannot say
  std::vector<FitResult> laws;     // of the components, in the order of the surface's
  std::vector<double> weights;
  // Of each law's parameters; empty for the members of an average.
  std::vector<std::vector<ParameterInterval>> intervals;
  std::string interval_source;  // a sentence for the report: where these come from
  std::vector<HoldOut> hold_outs;
  std::optional<MeasuredIsoflop> isoflop;  // where the runs have budgets of equal compute
  std::optional<Curve> curve;
  std::string curve_variable;
  std::unique_ptr<Surface> surface;
};

struct FitOutcome {
  std::vector<SeriesFit> series;
  std::vector<std::string> notes;  // of the data
};

// place: where the config stands, for errors.
FitOutcome run_fit(const Measurements& measurements, const FitConfig& config, std::uint64_t seed,
                   const std::string& place);

}  // namespace frugal::fit
