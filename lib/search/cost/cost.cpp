#include "search/cost/cost.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace frugal::search {
namespace {

using network::LayerCost;
using network::Shape;

std::vector<LayerCost> layers_of(const Piece& piece) {
  switch (piece.kind) {
    case Piece::Kind::block:
      return network::layer_costs(piece.block, piece.in, piece.name);
    case Piece::Kind::pool:
      return {};
    case Piece::Kind::head:
      return network::layer_costs(piece.linear, piece.in, piece.name);
    default:
      return network::layer_costs(piece.conv, piece.in, piece.name);
  }
}

double elements(const Shape& shape) {
  return static_cast<double>(shape.channels) * static_cast<double>(shape.height * shape.width);
}

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
  double bytes = 0;
  for (const LayerCost& layer : layers_of(piece)) {
    const std::int64_t weights =
        layer.in.channels / layer.groups * layer.out.channels * layer.kernel_size * layer.kernel_size;
    bytes += static_cast<double>(weights) + 8 * static_cast<double>(layer.out.channels);
  }
  return bytes;
}

double sram_bytes(const Piece& piece) {
  double peak = elements(piece.in);
  const bool holds_input = piece.kind == Piece::Kind::block && piece.block.adds_shortcut();
  Shape full = piece.in;
  bool first = true;
  for (const LayerCost& layer : layers_of(piece)) {
    // A squeeze works on pooled channels while the map that it scales stays alive.
    const bool pooled = layer.in.height == 1 && layer.in.width == 1 && full.height * full.width > 1;
    double alive = elements(layer.in) + elements(layer.out) + (pooled ? elements(full) : 0);
    if (holds_input && !first) alive += elements(piece.in);
    peak = std::max(peak, alive);
    if (!pooled) full = layer.out;
    first = false;
  }
  return peak;
}

double cost_of(const Piece& piece, Metric metric, const LatencyTable* table,
               std::vector<std::string>& missing) {
  if (metric == Metric::latency_ms) {
    FRUGAL_ASSERT(table != nullptr, "latency needs a table");
    return table->correction.scale * piece_ms(*table, piece, missing);
  }
  if (metric == Metric::flash_bytes) return flash_bytes(piece);
  if (metric == Metric::sram_bytes) return sram_bytes(piece);
  double sum = 0;
  for (const LayerCost& layer : layers_of(piece)) {
    sum += static_cast<double>(metric == Metric::macs ? layer.macs : layer.parameters);
  }
  return sum;
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
