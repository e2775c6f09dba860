// Sums up a comparison for its result and its page: means over seeds with intervals, savings to several
// losses, and the curves in one plot.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "grow/savings.h"

namespace frugal::grow {

struct MethodRun {
  std::int64_t seed = 0;
  Curve curve;  // against compute with the operator's, without the source's
  double step_compute = 0, operator_compute = 0, source_compute = 0;
  std::map<std::string, double> final_metrics;
};
struct MethodRuns {
  std::string name;
  std::vector<MethodRun> runs;
};

// One object a method: start, end (each a mean with its interval), operator's share, and "savings" against
// scratch of the same seed (where "scratch" is among them) to scratch's final loss and to `losses`.
nlohmann::ordered_json summarise(const std::vector<MethodRuns>& methods, const std::vector<double>& losses);

void write_compare_report(const std::string& path, const std::vector<MethodRuns>& methods,
                          const nlohmann::ordered_json& summary);

}  // namespace frugal::grow
