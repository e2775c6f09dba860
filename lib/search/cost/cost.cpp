#include "search/cost/cost.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "ir/count.h"

namespace frugal::search {
namespace {

ir::NodeRange nodes_of(const Piece& piece) { return {piece.first_node, piece.end_node}; }

std::string block_name(const SearchSpace& space, std::size_t block) {
  return fmt::format("blocks.{}", space.fixed_blocks() + block);
}

// The pieces that no choice changes.
std::vector<Piece> fixed_pieces(const SearchSpace& space) {
  std::vector<Piece> pieces = pieces_of(space.network(Choice(space.blocks().size(), 0)));
  const auto first = pieces.begin() + 1 + static_cast<std::ptrdiff_t>(space.fixed_blocks());
  pieces.erase(first, first + static_cast<std::ptrdiff_t>(space.blocks().size()));
  return pieces;
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

BlockCosts costs_of(const SearchSpace& space, Metric metric, const LatencyTable* table) {
  BlockCosts costs;
  costs.peak = metric == Metric::sram_bytes;
  std::vector<std::string> missing;
  if (metric == Metric::latency_ms && table != nullptr) {
    costs.fixed = table->correction.offset_ms + table->correction.scale * table->base_ms;
  }
  for (const Piece& piece : fixed_pieces(space)) {
    const double cost = cost_of(piece, metric, table, missing);
    costs.fixed = costs.peak ? std::max(costs.fixed, cost) : costs.fixed + cost;
  }
  for (std::size_t b = 0; b < space.blocks().size(); ++b) {
    const SearchBlock& block = space.blocks()[b];
    std::vector<double> row;
    for (const Candidate& candidate : block.candidates) {
      row.push_back(
          cost_of(block_piece(candidate.block, block.in, block_name(space, b)), metric, table, missing));
    }
    costs.of.push_back(std::move(row));
  }
  if (table != nullptr) refuse_missing(*table, missing, "the space");
  return costs;
}

std::vector<Piece> operations_of(const SearchSpace& space) {
  std::vector<Piece> pieces = fixed_pieces(space);
  for (std::size_t b = 0; b < space.blocks().size(); ++b) {
    const SearchBlock& block = space.blocks()[b];
    for (const Candidate& candidate : block.candidates) {
      pieces.push_back(block_piece(candidate.block, block.in, block_name(space, b)));
    }
  }
  return pieces;
}

}  // namespace frugal::search
