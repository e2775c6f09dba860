// What unusual samples are told by: the loss of an auto-encoder that learnt usual ones alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "quant/trainer.h"

namespace frugal::quant {

// The keys `anomaly` of a config.
struct AnomalyConfig {
  std::vector<std::int64_t> normal;  // classes that are usual and learnt; all others are not
  double quantile = 0.95;            // of the scores of usual training samples: the threshold

  bool used() const { return !normal.empty(); }
  bool is_usual(std::int32_t label) const {
    return std::find(normal.begin(), normal.end(), label) != normal.end();
  }
  void visit(config::Visitor& v);
  // UserError for classes that the data does not have.
  void check(std::int64_t class_count) const;
};

// Labels become 0 where a class is usual, 1 where it is not.
constexpr std::int32_t usual = 0, unusual = 1;
void relabel(Samples& samples, const AnomalyConfig& config);
// UserError where the samples held out, relabelled, are all usual or all unusual: no AUC could be computed.
void require_both_kinds(std::span<const std::int32_t> held_out);

struct Detection {
  double threshold = 0;                // a higher score is unusual
  std::optional<double> auc;           // that an unusual sample's score passes a usual one's; ties count half
  std::optional<double> detected;      // share of the unusual samples above the threshold
  std::optional<double> false_alarms;  // and of the usual ones
  double usual_score = 0, unusual_score = 0;  // means
  std::int64_t right = 0, count = 0;          // by the threshold
};

// training: scores of usual samples, at least one; scores and labels: of samples held out.
Detection detection(std::span<const double> training, std::span<const double> scores,
                    std::span<const std::int32_t> labels, double quantile);
nlohmann::ordered_json to_json(const Detection& detection);

}  // namespace frugal::quant
