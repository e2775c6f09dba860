// `scalefit fit`: measurements in, fitted surfaces out, as one JSON object that `predict`, `plan` and
// `compare` read: it carries parameters, draws, misfit and the fitted runs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "fit/command/fit_isoflop.h"
#include "fit/curve/curve.h"
#include "fit/law/expression_law.h"
#include "fit/law/fit.h"
#include "fit/law/uncertainty.h"
#include "fit/runs/measurements.h"
#include "fit/surface/joint.h"

namespace frugal::fit {

struct FitConfig {
  std::vector<std::string> data;
  MeasurementConfig measurements;
  std::string law = "auto";
  std::string expression;
  std::vector<ExpressionParameter> parameters;
  std::map<std::string, double> fixed;
  std::string loss = "huber";
  double huber_delta = 1e-3;
  double above_weight = 0.25;
  double coverage = 0.95;
  std::string intervals = "bootstrap";
  std::int64_t draws = 400;
  std::string cost = "6*N*D";
  void visit(config::Visitor& v);
};

// One rolling hold-out: the runs above an edge of cost were hidden and predicted from the others.
struct HoldOut {
  std::string variable = "cost";  // what the hidden runs have more of
  std::size_t fitted = 0, hidden = 0;
  double beyond = 0;             // largest hidden cost / largest fitted cost
  std::vector<double> log_rmse;  // of each candidate law; NaN where it could not be fitted
  double average_log_rmse = 0;   // of their average
};

// One series, fitted. Either `joint` (size and data, or a law that was named) or `curve` (one variable).
struct SeriesFit {
  std::string group;
  Runs runs;                       // fitted
  Runs held_out;                   // those whose train column says 0
  std::vector<std::string> notes;  // what the fit cannot say
  std::vector<FitResult> laws;     // of the components, in the order of the surface's
  std::vector<double> weights;
  // Of each law's parameters; empty for the members of an average.
  std::vector<std::vector<ParameterInterval>> intervals;
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

// The `notes`, `data` and `fits` of the result.
void add_to_result(const FitOutcome& outcome, const FitConfig& config, nlohmann::ordered_json& result);

// Names that `law` may have: auto, expression, the joint laws and the laws of one variable.
std::vector<std::string> known_laws();

}  // namespace frugal::fit
