// Costs by block and candidate of a space.
#include <fmt/format.h>

#include <algorithm>

#include "search/cost/cost.h"

namespace frugal::search {
namespace {

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
