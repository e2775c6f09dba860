#include "search/profile/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/given_path.h"
#include "base/progress.h"
#include "config/config.h"
#include "report/result.h"
#include "search/cost/cost.h"
#include "search/cost/table_report.h"
#include "search/profile/check.h"
#include "search/profile/networks.h"
#include "search/profile/profile.h"

namespace frugal::search {
namespace {

// A check that would compare one runtime's table with another's measurements.
void refuse_other_runtime(const LatencyTable& table, const DeviceConfig& config) {
  if (table.runtime.empty() || table.runtime == config.runtime) return;
  throw base::UserError(
      table.origin,
      fmt::format("was measured with {}, the networks would be with {}", table.runtime, config.runtime),
      fmt::format("give --runtime {}", table.runtime));
}

nlohmann::ordered_json check(const ProfileOptions& options, const DeviceConfig& config,
                             const SearchSpace& space, LatencyTable& table) {
  const std::int64_t fit = options.fit > 0 ? options.fit : std::max<std::int64_t>(4, options.check / 2);
  // What the table lacks is told before anything is measured.
  LatencyTable plain = table;
  plain.correction = {};
  const double fastest = costs_of(space, Metric::latency_ms, &plain).least();
  const auto networks = sample_networks(space, fit + options.check, options.seed);
  const auto device = open_device(config, table.reference_ms);
  const Check checked =
      check_prediction(table, networks, static_cast<std::size_t>(fit), *device, options.quiet, fastest);
  table.correction = checked.correction;
  if (!checked.warning.empty()) base::log_note("nas-search", "warning: " + checked.warning);
  auto json = to_json(checked);
  json["fitted_on"] = fit;
  return json;
}

}  // namespace

nlohmann::ordered_json profile_result(const ProfileOptions& options, const DeviceConfig& given) {
  const report::RunClock clock;
  if (options.out.empty() == options.table.empty()) {
    throw base::UserError("", "one of --out (a table to measure) and --table (one to check) is needed");
  }
  if (!options.table.empty() && options.check == 0) {
    throw base::UserError("--table", "a table is given, but nothing to do with it", "add --check 100");
  }
  DeviceConfig config = given;
  if (config.name.empty()) config.name = config.runner.empty() ? processor_name() : config.runner;
  if (!options.table.empty()) refuse_other_runtime(load_table(options.table), config);
  const SearchSpace space = load_space(options.space);
  const std::vector<Piece> operations = distinct_operations(operations_of(space));
  LatencyTable table = options.table.empty()
                           ? profile(operations, config, {options.out, options.resume, options.quiet},
                                     covering_networks(space, options.seed))
                           : load_table(options.table);

  nlohmann::json effective;
  config::print(config, effective);
  effective["space"] = options.space;
  effective["check"] = options.check;
  auto result =
      report::start_result({"frugal.nas_search.profile/1", "nas-search profile", options.seed}, effective);
  result["device"] = describe(table);
  result["runtime"] = config.runtime;
  result["operations"] = operations.size();
  // What differs by nature stands in `run`, times above all.
  nlohmann::ordered_json run = clock.describe(static_cast<int>(config.threads));
  if (options.check > 0) {
    run["check"] = check(options, config, space, table);
    if (!options.out.empty()) report::write_result(base::given_path(options.out), to_json(table));
  }
  run["seconds"] = clock.seconds();
  result["run"] = run;
  return result;
}

}  // namespace frugal::search
