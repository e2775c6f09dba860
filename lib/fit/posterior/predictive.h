// The default prediction over size and data: the posterior of fit/posterior/posterior.h, and a check of it by
// rolling hold-out: the top scales that we have are left out in turn and predicted from the rest. zᵢ =
// missᵢ/deviationᵢ of what was left out says whether the posterior's deviations are those of its misses; the
// factor √((ν + Σ mean z²)/(ν + cuts)), ν = 6, scales the interval, wider or narrower: three cuts that miss
// by far less than they say take at most a fifth off. One cut is one draw: what it misses is shared by
// everything that it hides, so it counts once, and a few cuts move the factor little. Nothing is tuned on the
// rows it is asked to predict.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fit/numeric/statistics.h"
#include "fit/posterior/posterior.h"

namespace frugal::fit {

struct PredictiveOptions {
  double level = 0.95;
  PosteriorOptions posterior;
  std::string scale_variable = "size";  // whose top values are left out in turn; or data, see rolling_cuts
  int max_cuts = 3;
};

// A rolling hold-out: the rows at or above cut, predicted from those below.
struct RollingCut {
  std::string variable;
  double cut = 0, beyond = 1;  // largest hidden value / largest fitted one
  std::size_t fitted = 0;
  std::vector<std::size_t> rows;  // held out
  std::vector<double> miss;       // ln ŷ − ln y
  std::vector<double> deviation;  // as predicted
};

class Predictive {
 public:
  // UserError where the posterior refuses.
  explicit Predictive(const Runs& points, const PredictiveOptions& options = {});

  std::vector<Estimate> predict(const Runs& points) const;

  const Posterior& posterior() const { return posterior_; }
  const std::vector<RollingCut>& rolling() const { return rolling_; }
  double factor() const { return factor_; }

 private:
  PredictiveOptions options_;
  Posterior posterior_;
  std::vector<RollingCut> rolling_;
  double factor_ = 1;
};

// The values of the scale variable at which rolling hold-outs cut, largest first: groups of top values with
// at least max(3, 5 %) of the runs between one cut and the next.
std::vector<double> rolling_cuts(const Runs& points, const std::string& variable, int max_cuts);

}  // namespace frugal::fit
