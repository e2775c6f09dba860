// Which small runs to make next: a grid by halves (Rosenfeld et al. 2020 take data by 2^-k, width by 4^-k),
// or, given a fit, the runs of that grid that tell most about a target for a compute budget (greedy optimal
// design).
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "fit/surface/surface.h"

namespace frugal::fit {

struct DesignAxis {
  std::string name;            // "width": stands as {width} in a command, and in `size` and `data`
  std::vector<double> values;  // or …
  double start = 1, factor = 0.5;
  std::int64_t count = 0;  // … start, start·factor, … (count values)
  std::string set;         // config path of the trainer that takes the value
  void visit(config::Visitor& v);
};

struct DesignConfig {
  std::vector<DesignAxis> axes;
  std::int64_t seeds = 1;
  std::string seed_set;
  std::string size, data;  // of a run, as expressions in the axes' names
  std::string cost = "6*N*D";
  double most_cost_share = 1;
  std::string criterion = "target";
  std::optional<double> budget;
  std::map<std::string, double> target;
  void visit(config::Visitor& v);
};

struct DesignedRun {
  std::string id;
  std::map<std::string, double> values;  // by axis, and "seed"
  std::vector<std::string> settings;     // path=value
  double size = 0, data = 0, cost = 0;   // 0: the config does not say
};

// fitted: null for the grid; a joint fit for the optimal design, whose order is that of usefulness.
// place: where the config stands. Errors: UserError.
std::vector<DesignedRun> design_runs(const DesignConfig& config, const Surface* fitted,
                                     const std::string& place);
nlohmann::ordered_json to_json(const DesignedRun& run);

}  // namespace frugal::fit
