// `scalefit compare`: which of two fitted systems is better at which scale, and where they cross.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "config/visitor.h"
#include "fit/command/decision.h"

namespace frugal::fit {

struct CompareConfig {
  std::string along = "";  // budget, size, data, compute; empty: budget for laws of both, else the variable
  std::optional<double> low, high;
  std::map<std::string, double> at;
  std::string cost;
  std::optional<double> coverage;
  void visit(config::Visitor& v);
};

// place: where the config stands, for errors.
void compare_command(const ReadFit& first, const ReadFit& second, const CompareConfig& config,
                     const std::string& place, nlohmann::ordered_json& result);
// result: what compare_command filled.
std::string compare_page(const ReadFit& first, const ReadFit& second, const CompareConfig& config,
                         const nlohmann::ordered_json& result);

}  // namespace frugal::fit
