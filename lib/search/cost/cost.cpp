#include "search/cost/cost.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ir/count.h"

namespace frugal::search {
namespace {

ir::NodeRange nodes_of(const Piece& piece) { return {piece.first_node, piece.end_node}; }

}  // namespace

double BlockCosts::total(const std::vector<std::size_t>& choice) const {
  double total = fixed;
  for (std::size_t b = 0; b < of.size(); ++b) {
    const double cost = of[b].at(choice.at(b));
    total = peak ? std::max(total, cost) : total + cost;
  }
  return total;
}

double BlockCosts::least() const {
  double total = fixed;
  for (const auto& block : of) {
    const double cost = *std::min_element(block.begin(), block.end());
    total = peak ? std::max(total, cost) : total + cost;
  }
  return total;
}

const std::vector<std::string>& metric_names() {
  static const std::vector<std::string> names{"latency_ms", "macs", "parameters", "flash_bytes",
                                              "sram_bytes"};
  return names;
}

const char* name_of(Metric metric) { return metric_names()[static_cast<std::size_t>(metric)].c_str(); }

Metric metric_of(const std::string& name, const std::string& place) {
  const auto& names = metric_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    throw base::UserError(place, fmt::format("unknown cost '{}'", name), base::suggest(name, names));
  }
  return static_cast<Metric>(found - names.begin());
}

double flash_bytes(const Piece& piece) {
  return static_cast<double>(ir::flash_bytes(*piece.graph, nodes_of(piece)));
}

double sram_bytes(const Piece& piece) {
  const std::int64_t input = piece.in.channels * piece.in.height * piece.in.width;
  return static_cast<double>(std::max(input, ir::sram_bytes(*piece.graph, nodes_of(piece))));
}

double cost_of(const Piece& piece, Metric metric, const LatencyTable* table,
               std::vector<std::string>& missing) {
  if (metric == Metric::latency_ms) {
    FRUGAL_ASSERT(table != nullptr, "latency needs a table");
    return table->correction.scale * piece_ms(*table, piece, missing);
  }
  if (metric == Metric::flash_bytes) return flash_bytes(piece);
  if (metric == Metric::sram_bytes) return sram_bytes(piece);
  if (metric == Metric::macs) return static_cast<double>(ir::mac_count(*piece.graph, nodes_of(piece)));
  return static_cast<double>(ir::parameter_count(*piece.graph, nodes_of(piece)));
}

double cost_of(const network::NetworkConfig& network, Metric metric, const LatencyTable* table) {
  if (metric == Metric::latency_ms) {
    FRUGAL_ASSERT(table != nullptr, "latency needs a table");
    return predict(*table, network).total_ms;
  }
  std::vector<std::string> missing;
  double total = 0;
  for (const Piece& piece : pieces_of(network)) {
    const double cost = cost_of(piece, metric, table, missing);
    total = metric == Metric::sram_bytes ? std::max(total, cost) : total + cost;
  }
  return total;
}

}  // namespace frugal::search
