#include "search/strategy/objective.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"

namespace frugal::search {

using base::UserError;

namespace {

// What mul_log counts in: objective.h.
double unit_of_logarithms(double reference, double least) {
  const double smaller = std::min(reference, least);
  if (smaller > 1) return 1;
  double unit = 1;
  while (smaller / unit <= 10) unit /= 1000;
  return unit;
}

}  // namespace

void ObjectiveConfig::visit(config::Visitor& v) {
  v.field("name", name, "of the device");
  v.choice("metric", metric, metric_names(), "the cost that the loss and the rewards see");
  v.field("table", table, "latency table (nas-search profile, or another project's), for latency_ms");
  v.choice("loss", loss, {"none", "mul_log", "add_linear"}, "how the expected cost enters the loss");
  v.field("reference", reference, config::at_least(0), "the cost that is aimed at, in the metric's unit");
  v.field("a", a, config::greater_than(0), "mul_log: factor");
  v.field("b", b, config::greater_than(0), "mul_log: exponent");
  v.field("lambda", lambda, config::at_least(0), "add_linear: weight of the relative excess");
  v.field("reward_exponent", reward_exponent, config::at_least(0),
          "reinforce, random, evolution: accuracy times (reference / cost) to this power, where loss is not "
          "none");
  v.field(
      "limits", limits, config::greater_than(0),
      "what the derived network keeps: latency_ms, macs, parameters, flash_bytes, sram_bytes; of the board "
      "device_sram_bytes, device_flash_bytes, device_instructions, device_step_instructions");
  v.object("board", board, "where the network is to learn: limits as its compiler counts them");
}

Objective::Objective(const ObjectiveConfig& config, const SearchSpace& space, const std::string& place)
    : config_(config) {
  std::optional<LatencyTable> table;
  if (!config.table.empty()) table = load_table(config.table);
  const auto costs = [&](const std::string& metric, const std::string& where) {
    const Metric which = metric_of(metric, where);
    if (which == Metric::latency_ms && !table) {
      throw UserError(where, "latency needs a table", "set " + place + "/table to a latency table");
    }
    return costs_of(space, which, table ? &*table : nullptr);
  };
  costs_ = costs(config.metric, place + "/metric");
  if (config.loss != "none") {
    if (config.reference <= 0) {
      throw UserError(
          place + "/reference", fmt::format("is not given, but the loss {} aims at it", config.loss),
          fmt::format("a {} between the space's least, {:.4g}, and its most", config.metric, costs_.least()));
    }
    if (costs_.peak) {
      throw UserError(place + "/metric",
                      config.metric + " is a peak, not a sum: it has no expectation to descend",
                      "give it as a limit");
    }
    if (config.loss == "mul_log") {
      if (costs_.least() <= 0) {
        throw UserError(
            place + "/loss",
            fmt::format("mul_log takes logarithms of the cost, which can be {:.4g} here", costs_.least()),
            "use add_linear");
      }
      unit_ = unit_of_logarithms(config.reference, costs_.least());
    }
  }
  DeviceLimits of_board;
  for (const auto& [metric, at_most] : config.limits) {
    if (is_device_metric(metric)) {
      of_board[metric] = at_most;
    } else {
      limits_.push_back({metric, costs(metric, place + "/limits"), at_most});
    }
  }
  on_device_ = std::make_shared<OnDevice>(space, config.board, of_board, place + "/board");
  if (!config.limits.empty()) {
    // Told now, not after the training: it says which limit cannot be met and what comes nearest.
    BlockScores even;
    for (const SearchBlock& block : space.blocks()) even.emplace_back(block.candidates.size(), 0.0);
    on_device_->derive(even, limits_, place + "/limits");
  }
}

Choice Objective::derived(const BlockScores& scores) const {
  return on_device_->derive(scores, limits_, "limits");
}

bool Objective::keeps_limits(const Choice& choice) const {
  for (const Limit& limit : limits_) {
    if (limit.costs.total(choice) > limit.at_most) return false;
  }
  return on_device_->keeps(choice);
}

double Objective::expected(const std::vector<std::vector<double>>& probabilities) const {
  double total = costs_.fixed;
  for (std::size_t b = 0; b < probabilities.size(); ++b) {
    for (std::size_t i = 0; i < probabilities[b].size(); ++i) total += probabilities[b][i] * costs_.of[b][i];
  }
  return total;
}

std::vector<double> Objective::expected_gradient(std::size_t block, const std::vector<double>& p) const {
  const std::vector<double>& cost = costs_.of.at(block);
  double mean = 0;
  for (std::size_t i = 0; i < p.size(); ++i) mean += p[i] * cost[i];
  std::vector<double> gradient(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) gradient[i] = p[i] * (cost[i] - mean);
  return gradient;
}

Objective::Loss Objective::loss(double cross_entropy, double expected) const {
  if (config_.loss == "add_linear") {
    const double slope = config_.lambda / config_.reference;
    return {cross_entropy + slope * (expected - config_.reference), 1, slope};
  }
  if (config_.loss == "mul_log") {
    const double log_reference = std::log(config_.reference / unit_),
                 ratio = std::log(expected / unit_) / log_reference;
    const double factor = config_.a * std::pow(ratio, config_.b);
    return {cross_entropy * factor, factor,
            cross_entropy * factor * config_.b / ratio / (expected * log_reference)};
  }
  return {cross_entropy, 1, 0};
}

double Objective::reward(double accuracy, double cost) const {
  if (config_.loss == "none") return accuracy;
  return accuracy * std::pow(config_.reference / cost, config_.reward_exponent);
}

}  // namespace frugal::search
