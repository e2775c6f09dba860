// Prediction intervals that account for misfit.
//
// Every run that is extrapolated to shares the law's misfit, so resampling the runs (a bootstrap of the
// curve) says nothing of the largest part of the error. Two things do: how much several defensible fits of
// the same runs differ where the prediction is asked for (the spread), and how far the same fits missed when
// the top scales that we have were left out in turn (rolling hold-out). The members are several laws, each
// with and without less weight on runs above the curve, each with and without more weight on runs of more
// compute; the prediction is their mean in log y, each weighted by its rolling record. With f the median miss
// of the rolling hold-out, zᵢ = |missᵢ| / √(spreadᵢ² + f²) is calibrated on all rows that were left out in
// turn, and the interval is ± k √(spread² + f²) with k from the zᵢ. Nothing is tuned on the rows it is asked
// to predict.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fit/fit.h"

namespace frugal::fit {

struct PredictiveOptions {
  double level = 0.95;
  std::uint64_t seed = 0;
  std::vector<std::string> laws = {"overtraining", "chinchilla", "rosenfeld"};
  std::string scale_variable = "size";  // whose top values are left out in turn
  int max_cuts = 4;
  double far = 100;  // predictions beyond so many times the largest fitted compute (or scale) are flagged
};

struct Interval {
  double estimate = 0, lower = 0, upper = 0;
  double reach = 1;  // times the largest fitted scale or compute
  bool far = false;
};

// A rolling hold-out: the rows at or above cut, predicted from those below.
struct RollingCut {
  double cut = 0;
  std::size_t fitted = 0;
  std::vector<std::size_t> rows;    // held out
  std::vector<double> miss;         // log ŷ − log y of the combined prediction
  std::vector<double> spread;       // standard deviation of the members' log ŷ
  std::vector<double> member_miss;  // [member · rows + row]
};

class Predictive {
 public:
  // Fits every member to points and to every rolling cut of them. Needs three or more distinct values of the
  // scale variable (UserError otherwise: what cannot be checked has no interval).
  Predictive(const Points& points, const PredictiveOptions& options = {});

  std::vector<Interval> predict(const Points& points) const;

  struct Member {
    std::string label;  // e.g. "chinchilla, above 0.4"
    std::shared_ptr<const Law> law;
    double above_weight = 1, compute_power = 0;
    std::vector<double> theta;
    double weight = 0;        // in the combination
    double rolling_miss = 0;  // mean |log ŷ − log y| over the rows left out in turn
    Certificate certificate;
  };
  const std::vector<Member>& members() const { return members_; }
  const std::vector<RollingCut>& rolling() const { return rolling_; }
  double typical_miss() const { return typical_miss_; }  // f
  double factor() const { return factor_; }              // k

 private:
  PredictiveOptions options_;
  std::vector<Member> members_;
  std::vector<RollingCut> rolling_;
  double typical_miss_ = 0, factor_ = 0, largest_reach_ = 0;
};

// The values of the scale variable at which rolling hold-outs cut, largest first: groups of top values with
// at least max(3, 5 %) of the runs between one cut and the next.
std::vector<double> rolling_cuts(const Points& points, const std::string& variable, int max_cuts);

// Data as the data_constrained law's published R*_D = 15.39 counts it: repetitions wear out. Points without
// unique_data come back as they are.
Points with_effective_data(Points points);

}  // namespace frugal::fit
