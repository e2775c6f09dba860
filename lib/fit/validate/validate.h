// `scalefit validate`: how far do predictions miss runs that were measured, and do their intervals hold them?
//
//   corners   every smaller corner of a grid of sizes and data predicts the largest run
//   curves    every learning curve is fitted on the rows marked for training and judged on the others
//   joint     every series' top scale is held out; convergence of the fit from many seeds, coverage, width
//   protocol  the protocol of Rosenfeld et al. 2020 on surfaces that are known, with noise; needs no data
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "fit/validate/corners.h"
#include "fit/validate/curves.h"
#include "fit/validate/joint.h"
#include "fit/validate/protocol.h"

namespace frugal::fit {

struct ValidateConfig {
  ValidateConfig() { fit.draws = 100; }

  FitConfig fit;  // its fields stand beside these
  std::string mode = "corners";
  std::vector<std::string> convergence_laws = {"chinchilla"};
  std::int64_t seeds = 100;
  std::optional<double> hold_out_above;
  double noise = 0.02;
  std::int64_t repeats = 20;
  void visit(config::Visitor& v);

  bool needs_data() const { return mode != "protocol"; }
  // A curve is named by every column that has no other role, where the config does not say.
  MeasurementConfig measurements() const;
};

// One of these is filled, by the mode.
struct ValidateOutcome {
  std::vector<std::string> notes;  // of the data
  std::optional<CornersReport> corners;
  std::optional<CurveReport> curves;
  std::vector<SeriesCheck> series;
  std::vector<ProtocolResult> protocol;
};

// measurements: empty for protocol. place: where the config stands, for errors.
ValidateOutcome run_validate(const Measurements& measurements, const ValidateConfig& config,
                             std::uint64_t seed, const std::string& place);

void add_to_result(const ValidateOutcome& outcome, nlohmann::ordered_json& result);

}  // namespace frugal::fit
