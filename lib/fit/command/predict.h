// `scalefit predict`: the error of runs that were not made, from what `scalefit fit` printed.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "fit/command/decision.h"

namespace frugal::fit {

struct PredictConfig {
  std::vector<std::map<std::string, double>> at;  // from --at and --from; not a config field
  std::optional<double> coverage;
  double far = 100;
  void visit(config::Visitor& v);
};

void predict_command(const ReadFit& fit, const PredictConfig& config, nlohmann::ordered_json& result);
// The result's numbers with the surface around them. result: what predict_command filled.
std::string predict_page(const ReadFit& fit, const nlohmann::ordered_json& result);

}  // namespace frugal::fit
