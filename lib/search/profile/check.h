// How well a latency table predicts whole networks: sampled networks are measured and compared with the sums
// of the table (ProxylessNAS, appendix: 5,000 networks sampled on one phone, 4,000 to fit and 1,000 to
// judge).
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "search/profile/device.h"

namespace frugal::search {

struct Agreement {
  double rmse_ms = 0, relative_rmse = 0, mean_relative_error = 0, rank_correlation = 0;
  std::int64_t networks = 0;
};
// predicted against measured; relative to the measured. Rank correlation is Spearman's, 0 for fewer than 2.
Agreement agreement(const std::vector<double>& predicted, const std::vector<double>& measured);
nlohmann::ordered_json to_json(const Agreement& agreement);

// Offset and scale that minimise the squared relative errors.
Correction fit_correction(const std::vector<double>& predicted, const std::vector<double>& measured);

struct Check {
  std::vector<double> predicted_ms, measured_ms;  // held out; predicted with the correction
  Agreement plain, corrected;                     // of the held-out networks
  Correction correction;
  std::string warning;  // not empty where predictions are 10 times off: units
};
// Measures all networks, fits the correction on the first `fit` of them, judges on the rest. The table's own
// correction is not used.
Check check_prediction(LatencyTable table, const std::vector<network::NetworkConfig>& networks,
                       std::size_t fit, Device& device, bool quiet);
nlohmann::ordered_json to_json(const Check& check);

}  // namespace frugal::search
