// `scalefit predict`, `plan` and `compare`: decisions from what `scalefit fit` printed, as JSON.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "fit/command/read_fit.h"

namespace frugal::fit {

struct PredictConfig {
  std::vector<std::map<std::string, double>> at;  // from --at and --from; not a config field
  std::optional<double> coverage;
  double far = 100;
  void visit(config::Visitor& v);
};
// "size=1e9,data=2e10" (also N=, D=, …). Errors: UserError with what is wrong.
std::map<std::string, double> parse_scale(const std::string& text);
// Rows of a table as scales: its columns go by the same names, others are ignored.
std::vector<std::map<std::string, double>> read_scales(const std::string& path);

void predict_command(const ReadFit& fit, const PredictConfig& config, nlohmann::ordered_json& result);

struct PlanConfig {
  std::optional<double> target_error;
  std::vector<double> budgets;
  std::optional<double> deploy_tokens;
  std::string inference_cost = "2*N";
  std::map<std::string, double> at;
  double grow = 10, improvement = 0.02;
  std::string cost;
  std::optional<double> coverage;
  std::int64_t frontier = 7;
  void visit(config::Visitor& v);
};
void plan_command(const ReadFit& fit, const PlanConfig& config, const std::string& place,
                  nlohmann::ordered_json& result);

struct CompareConfig {
  std::string along = "";  // budget, size, data, compute; empty: budget for laws of both, else the variable
  std::optional<double> low, high;
  std::map<std::string, double> at;
  std::string cost;
  std::optional<double> coverage;
  void visit(config::Visitor& v);
};
void compare_command(const ReadFit& first, const ReadFit& second, const CompareConfig& config,
                     const std::string& place, nlohmann::ordered_json& result);

}  // namespace frugal::fit
