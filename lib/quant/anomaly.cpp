#include "quant/anomaly.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"

namespace frugal::quant {
namespace {

using base::UserError;

std::optional<double> share(std::int64_t part, std::int64_t all) {
  if (all == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(all);
}

// By ranks; those of equal scores share the mean of their places.
std::optional<double> area_under_curve(std::span<const double> scores, std::span<const std::int32_t> labels) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  double ranks = 0;
  std::int64_t unusual_ones = 0;
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && scores[order[end]] == scores[order[begin]]) ++end;
    const double rank = static_cast<double>(begin + 1 + end) / 2;
    for (std::size_t i = begin; i < end; ++i) {
      if (labels[order[i]] != unusual) continue;
      ranks += rank;
      ++unusual_ones;
    }
  }
  const auto count = static_cast<double>(unusual_ones);
  const double usual_ones = static_cast<double>(scores.size()) - count;
  if (count == 0 || usual_ones == 0) return std::nullopt;
  return (ranks - count * (count + 1) / 2) / (count * usual_ones);
}

nlohmann::ordered_json or_null(const std::optional<double>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}

}  // namespace

void AnomalyConfig::visit(config::Visitor& v) {
  v.field("normal", normal, config::at_least(0),
          "classes that are usual: they alone are learnt, by an auto-encoder (head: none); all others are "
          "unusual");
  v.field("quantile", quantile, config::between_open(0, 1),
          "of the scores of usual training samples: what lies above is called unusual");
}

void AnomalyConfig::check(std::int64_t class_count) const {
  for (const std::int64_t label : normal) {
    if (label >= class_count)
      throw UserError("anomaly.normal",
                      "names class " + std::to_string(label) + " of " + std::to_string(class_count));
  }
}

void relabel(Samples& samples, const AnomalyConfig& config) {
  for (std::int32_t& label : samples.labels) label = config.is_usual(label) ? usual : unusual;
  samples.class_count = 2;
}

void require_both_kinds(std::span<const std::int32_t> held_out) {
  const auto unusual_ones = std::count(held_out.begin(), held_out.end(), unusual);
  const std::string count = std::to_string(held_out.size());
  if (unusual_ones == 0)
    throw UserError(
        "anomaly.normal",
        "names the classes of all " + count + " samples held out: none is unusual, to be told from them",
        "leave a class out, or hold out samples of another (held_out)");
  if (unusual_ones == static_cast<std::ptrdiff_t>(held_out.size()))
    throw UserError("anomaly.normal", "names no class of the " + count + " samples held out: none is usual",
                    "hold out more (held_out), or name a class that is among them");
}

Detection detection(std::span<const double> training, std::span<const double> scores,
                    std::span<const std::int32_t> labels, double quantile) {
  FRUGAL_ASSERT(!training.empty() && scores.size() == labels.size(), "scores without samples");
  std::vector<double> sorted(training.begin(), training.end());
  std::sort(sorted.begin(), sorted.end());
  const auto place = static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(sorted.size())));
  Detection found;
  found.threshold = sorted[std::clamp<std::size_t>(place, 1, sorted.size()) - 1];
  std::int64_t unusual_ones = 0, detected = 0, alarms = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const bool above = scores[i] > found.threshold;
    if (labels[i] == unusual) {
      ++unusual_ones;
      detected += above ? 1 : 0;
      found.unusual_score += scores[i];
    } else {
      alarms += above ? 1 : 0;
      found.usual_score += scores[i];
    }
  }
  found.count = static_cast<std::int64_t>(scores.size());
  const std::int64_t usual_ones = found.count - unusual_ones;
  found.right = detected + usual_ones - alarms;
  found.detected = share(detected, unusual_ones);
  found.false_alarms = share(alarms, usual_ones);
  found.auc = area_under_curve(scores, labels);
  if (unusual_ones > 0) found.unusual_score /= static_cast<double>(unusual_ones);
  if (usual_ones > 0) found.usual_score /= static_cast<double>(usual_ones);
  return found;
}

nlohmann::ordered_json to_json(const Detection& d) {
  return {{"auc", or_null(d.auc)},
          {"threshold", d.threshold},
          {"detected", or_null(d.detected)},
          {"false_alarms", or_null(d.false_alarms)},
          {"usual_score", d.usual_score},
          {"unusual_score", d.unusual_score},
          {"samples", d.count}};
}

}  // namespace frugal::quant
