// `scalefit compare`: which of two fitted systems is better at which scale, and where they cross.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

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
// Any number of systems, ranked at one scale: `at` where it gives size and data, else each one's best use of
// a budget, `high`, or ten times the costliest run of all. names: of the systems.
void rank_command(const std::vector<const ReadFit*>& systems, const std::vector<std::string>& names,
                  const CompareConfig& config, std::uint64_t seed, const std::string& place,
                  nlohmann::ordered_json& result);

// result: what compare_command filled.
std::string compare_page(const ReadFit& first, const ReadFit& second, const CompareConfig& config,
                         const nlohmann::ordered_json& result);

}  // namespace frugal::fit
