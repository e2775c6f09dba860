// What a network costs on a device, and those costs by block and candidate of a search space, so that the
// expectation over paths and the exact search under limits are sums: MACs, parameters, flash (int8 weights),
// peak SRAM (int8 activations), latency (from a table).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "search/cost/table.h"
#include "search/space/space.h"

namespace frugal::search {

// One metric over a space: fixed + Σ_b of[b][i_b], or the maximum of all those where `peak`.
struct BlockCosts {
  double fixed = 0;                     // of what is not searched
  std::vector<std::vector<double>> of;  // [block][candidate]
  bool peak = false;

  // In block order, so that equal choices give equal bits.
  double total(const std::vector<std::size_t>& choice) const;
  double least() const;  // of all choices
};

enum class Metric { latency_ms, macs, parameters, flash_bytes, sram_bytes };
const char* name_of(Metric metric);
const std::vector<std::string>& metric_names();
Metric metric_of(const std::string& name, const std::string& place);  // UserError with the nearest name

// As ir/count.h counts them, for the operators of one piece.
double flash_bytes(const Piece& piece);
double sram_bytes(const Piece& piece);

// Of one piece. `missing` collects the keys that the table does not have; `table` may be null for other
// metrics than latency.
double cost_of(const Piece& piece, Metric metric, const LatencyTable* table,
               std::vector<std::string>& missing);
// Of a whole network; throws UserError naming all keys that are missing.
double cost_of(const network::NetworkConfig& network, Metric metric, const LatencyTable* table = nullptr);

// Over a space, at the space's resolution; a peak for SRAM. Throws UserError naming all keys of the space
// that the table does not have.
BlockCosts costs_of(const SearchSpace& space, Metric metric, const LatencyTable* table = nullptr);

// Every operation that a network of the space can have, free ones too, in order; what is fixed comes once.
std::vector<Piece> operations_of(const SearchSpace& space);

}  // namespace frugal::search
