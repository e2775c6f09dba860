// What a search pays for besides the error: the cost of the expected network in the loss, and hard limits on
// the network that is derived. The two losses are those of the paper (ProxylessNAS, section 3.3) and its
// program; F is the cost of a candidate, p its probability:
//   E = fixed + Σ_b Σ_i p_bi F_bi
//   mul_log     L = CE · a · (ln E / ln reference)^b
//   add_linear  L = CE + λ · (E − reference) / reference
// A logarithm has a unit, and must stay above 0. Where the reference or the cheapest network of the space is
// at most 1 (milliseconds, say), mul_log counts in the largest of 1/1000, 1/1000,000, … in which both are
// above 10.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "search/cost/cost.h"
#include "search/derive/derive.h"
#include "search/derive/on_device.h"

namespace frugal::search {

struct ObjectiveConfig {
  std::string name = "device";  // of the device; where there are several it names the folder of its network
  std::string metric = "macs";  // what E is
  std::string table;            // latency table, for latency_ms
  std::string loss = "none";
  double reference = 0;  // in the metric's unit
  double a = 0.2, b = 0.3, lambda = 0.1;
  double reward_exponent = 0.1;          // reinforce, evolution: accuracy · (reference / cost)^exponent
  std::map<std::string, double> limits;  // metric: at most; those of the board among them
  BoardConfig board;

  void visit(config::Visitor& v);
};

class Objective {
 public:
  // Reads the table. UserError for a key that the table lacks, a missing reference, a limit that no network
  // of the space keeps (which is known before anything is trained). The space stays the caller's.
  Objective(const ObjectiveConfig& config, const SearchSpace& space, const std::string& place);

  const ObjectiveConfig& config() const { return config_; }
  const BlockCosts& costs() const { return costs_; }
  const std::vector<Limit>& limits() const { return limits_; }  // without those of the board
  const OnDevice& on_device() const { return *on_device_; }
  bool keeps_limits(const Choice& choice) const;
  // The most probable network that keeps all limits.
  Choice derived(const BlockScores& scores) const;

  double expected(const std::vector<std::vector<double>>& probabilities) const;
  // ∂E/∂α of a block, through its softmax: p_i (F_i − Σ_j p_j F_j).
  std::vector<double> expected_gradient(std::size_t block, const std::vector<double>& probabilities) const;

  struct Loss {
    double value, by_cross_entropy, by_expected;  // and its two partial derivatives
  };
  Loss loss(double cross_entropy, double expected) const;
  double reward(double accuracy, double cost) const;
  double unit() const { return unit_; }

 private:
  ObjectiveConfig config_;
  BlockCosts costs_;
  std::vector<Limit> limits_;
  std::shared_ptr<const OnDevice> on_device_;
  double unit_ = 1;  // of the logarithms of mul_log
};

}  // namespace frugal::search
