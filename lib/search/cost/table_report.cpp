#include "search/cost/table_report.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "report/result.h"

namespace frugal::search {
namespace {

using Ordered = nlohmann::ordered_json;

Ordered blocks_of(const Prediction& prediction) {
  Ordered blocks = Ordered::array();
  for (const PieceLatency& piece : prediction.pieces) {
    blocks.push_back({{"name", piece.name},
                      {"key", piece.key},
                      {"ms", piece.ms},
                      {"share", prediction.total_ms > 0 ? piece.ms / prediction.total_ms : 0.0}});
  }
  return blocks;
}

}  // namespace

Ordered describe(const LatencyTable& table) {
  Ordered json{{"table", table.origin}, {"format", name_of(table.style)}, {"device", table.device}};
  if (table.threads > 0) json["threads"] = table.threads;
  if (table.batch > 0) json["batch"] = table.batch;
  return json;
}

Ordered latency_result(const LatencyOptions& options) {
  std::vector<LatencyTable> tables;
  for (const std::string& path : options.tables) tables.push_back(load_table(path, options.format));
  const nlohmann::json config{
      {"networks", options.networks}, {"tables", options.tables}, {"resolution", options.resolution}};
  Ordered result = report::start_result({"frugal.nas_search.latency/1", "nas-search latency", 0}, config);
  std::vector<network::NetworkConfig> networks;
  for (const std::string& path : options.networks) networks.push_back(network::load_network(path));

  if (networks.size() == 1 && tables.size() == 1) {
    const Prediction prediction = predict(tables[0], networks[0], options.resolution);
    result["network"] = options.networks[0];
    result["device"] = describe(tables[0]);
    result["latency_ms"] = prediction.total_ms;
    result["blocks"] = blocks_of(prediction);
    return result;
  }
  result["devices"] = Ordered::array();
  for (const LatencyTable& table : tables) result["devices"].push_back(describe(table));
  std::vector<std::vector<double>> ms(networks.size());
  std::vector<std::size_t> fastest(tables.size(), 0);
  for (std::size_t n = 0; n < networks.size(); ++n) {
    for (std::size_t t = 0; t < tables.size(); ++t) {
      ms[n].push_back(predict(tables[t], networks[n], options.resolution).total_ms);
      if (ms[n][t] < ms[fastest[t]][t]) fastest[t] = n;
    }
  }
  result["networks"] = Ordered::array();
  for (std::size_t n = 0; n < networks.size(); ++n) {
    Ordered on = Ordered::object();
    Ordered fastest_on = Ordered::array();
    for (std::size_t t = 0; t < tables.size(); ++t) {
      on[tables[t].origin] = ms[n][t];
      if (fastest[t] == n) fastest_on.push_back(tables[t].origin);
    }
    result["networks"].push_back(
        {{"network", options.networks[n]}, {"latency_ms", on}, {"fastest_on", fastest_on}});
  }
  return result;
}

}  // namespace frugal::search
