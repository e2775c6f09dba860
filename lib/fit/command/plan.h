// `scalefit plan`: data, size and compute for a target or a budget, and whether it is worth going on, from
// what `scalefit fit` printed.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "fit/command/decision.h"

namespace frugal::fit {

struct PlanConfig {
  std::optional<double> target_error;
  std::vector<double> budgets;
  std::optional<double> deploy_tokens;
  std::string inference_cost = "2*N";
  std::map<std::string, double> at;
  double grow = 10, improvement = 0.02;
  std::string cost;
  std::optional<double> flops_per_second, hour_price, watts, kwh_price;  // of one accelerator in use
  std::optional<double> coverage;
  std::int64_t frontier = 7;
  void visit(config::Visitor& v);
};

// place: where the config stands, for errors.
void plan_command(const ReadFit& fit, const PlanConfig& config, const std::string& place,
                  nlohmann::ordered_json& result);
// The page: the numbers of the result that is printed, and the surface drawn around them. result: what
// plan_command filled.
std::string plan_page(const ReadFit& fit, const PlanConfig& config, const nlohmann::ordered_json& result);

}  // namespace frugal::fit
