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
// The scale alone.
Correction fit_scale(const std::vector<double>& predicted, const std::vector<double>& measured);

// Of no correction, a scale, and offset and scale the simplest that cross-validation (each network predicted
// by a fit on the others) does not say is worse: a further number must lower the squared relative error by
// more than the standard error of the difference (Breiman et al. 1984). An offset below 0 that would take
// more than half of the fastest prediction, `fastest` (a sum of the table), is never kept.
Correction choose_correction(const std::vector<double>& predicted, const std::vector<double>& measured,
                             double fastest);

struct Check {
  std::vector<double> predicted_ms, measured_ms;  // held out; predicted with the correction
  Agreement plain, corrected;                     // of the held-out networks
  Correction correction;
  std::string warning;  // not empty where predictions are 10 times off: units
};
// Measures all networks, chooses the correction on the first `fit` of them, judges on the rest. The table's
// own correction is not used. `fastest`: what the table says of the fastest network that it will be asked
// for; where it is above the least of `networks`, that one counts.
Check check_prediction(LatencyTable table, const std::vector<network::NetworkConfig>& networks,
                       std::size_t fit, Device& device, bool quiet, double fastest = 1e300);
nlohmann::ordered_json to_json(const Check& check);

}  // namespace frugal::search
