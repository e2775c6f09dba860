#include "search/profile/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/aside.h"
#include "base/error.h"
#include "base/file.h"
#include "base/given_path.h"
#include "base/progress.h"
#include "report/result.h"

namespace frugal::search {
namespace {

using base::UserError;

// A table that the config could have begun.
void refuse_other(const LatencyTable& table, const DeviceConfig& config) {
  const auto differs = [&](const std::string& what, const std::string& has, const std::string& wants) {
    if (has == wants) return;
    throw UserError(table.origin,
                    fmt::format("was measured with {} {}, the config says {}", what, has, wants),
                    "give another --out, or the same settings");
  };
  differs("threads", std::to_string(table.threads), std::to_string(config.threads));
  differs("batch", std::to_string(table.batch), std::to_string(config.batch));
  differs("device", table.device, config.name);
  differs("runtime", table.runtime.empty() ? "libtorch" : table.runtime, config.runtime);
}

}  // namespace

std::vector<Piece> distinct_operations(const std::vector<Piece>& pieces) {
  std::set<std::string> seen;
  std::vector<Piece> distinct;
  for (const Piece& piece : pieces) {
    if (piece.is_free()) continue;
    const auto key = key_of(piece, KeyStyle::own);
    if (key && seen.insert(*key).second) distinct.push_back(piece);
  }
  return distinct;
}

LatencyTable profile(const std::vector<Piece>& operations, const DeviceConfig& given,
                     const ProfileFiles& files, const std::vector<network::NetworkConfig>& networks) {
  DeviceConfig config = given;
  if (config.name.empty()) config.name = config.runner.empty() ? processor_name() : config.runner;
  LatencyTable table;
  if (files.out != "-") {
    const std::filesystem::path out(files.out);
    base::clear_left_aside(out.has_parent_path() ? out.parent_path().string() : ".",
                           out.filename().string() + ".");
  }
  const bool there = files.out != "-" && std::filesystem::exists(files.out);
  if (files.resume && there) {
    table = load_table(files.out, "frugal");
    refuse_other(table, config);
  } else {
    table.origin = files.out;
    table.device = config.name;
    table.threads = config.threads;
    table.batch = config.batch;
    table.host = host_name();
    table.runtime = config.runtime;
  }
  std::vector<Piece> open;
  for (const Piece& piece : operations) {
    if (!table.operations.contains(key_of(piece, KeyStyle::own).value())) open.push_back(piece);
  }
  base::Progress progress("profile", static_cast<std::int64_t>(operations.size()), files.quiet);
  std::size_t done = operations.size() - open.size();
  progress.update(static_cast<std::int64_t>(done));
  if (!open.empty()) {
    const auto device = open_device(config, table.reference_ms);
    const auto done_one = [&](std::size_t i, const Measured& measured) {
      table.operations[key_of(open[i], KeyStyle::own).value()] = measured;
      table.reference_ms = device->reference_ms();
      if (files.out != "-") report::write_result(base::given_path(files.out), to_json(table));
      progress.update(static_cast<std::int64_t>(++done));
    };
    // A table that was begun alone, or with other operations, is finished so.
    if (config.within_networks && !networks.empty() && open.size() == operations.size()) {
      device->measure_within(networks, open, done_one);
    } else {
      device->measure(open, done_one);
    }
  }
  progress.finish();
  return table;
}

}  // namespace frugal::search
