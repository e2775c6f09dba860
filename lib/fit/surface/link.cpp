#include "fit/surface/link.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "fit/numeric/levenberg.h"
#include "fit/numeric/statistics.h"

namespace frugal::fit {
namespace {

double logistic(double t) { return 1 / (1 + std::exp(-t)); }
double logit(double p) { return std::log(p / (1 - p)); }

// The sigmoid in parameters without bounds: lowest = hi σ(a), highest = σ(b) or held, steepness = e^c,
// middle.
struct Free {
  double held_highest;
  std::size_t count() const { return held_highest > 0 ? 3 : 4; }
  Sigmoid at(const double* theta) const {
    Sigmoid s;
    s.highest = held_highest > 0 ? held_highest : logistic(theta[3]);
    s.lowest = s.highest * logistic(theta[0]);
    s.steepness = std::exp(theta[1]);
    s.middle = theta[2];
    return s;
  }
};

struct Pairs {
  const std::vector<double>&loss, &error;
  double center, width;  // of the losses
};

LevenbergResult refit(const Free& free, const Pairs& pairs, std::vector<double> start) {
  const std::size_t n = pairs.loss.size(), p = free.count();
  // Weak priors keep what the pairs do not say where it can be: a floor well below, a steepness of the
  // losses' width.
  const std::size_t priors = 3;
  LeastSquares problem;
  problem.residuals = n + priors;
  problem.parameters = p;
  const auto residual_at = [&](const double* theta, double* residual) {
    const Sigmoid s = free.at(theta);
    for (std::size_t i = 0; i < n; ++i) residual[i] = s(pairs.loss[i]) - pairs.error[i];
    residual[n] = 1e-4 * (theta[0] + 1.5);
    residual[n + 1] = 1e-4 * (theta[1] + std::log(pairs.width / 4));
    residual[n + 2] = 1e-4 * (theta[2] - pairs.center) / pairs.width;
  };
  problem.evaluate = [&](const double* theta, double* residual, double* jacobian) {
    residual_at(theta, residual);
    if (jacobian == nullptr) return;
    std::vector<double> moved(theta, theta + p), there(n + priors);
    for (std::size_t k = 0; k < p; ++k) {
      const double step = 1e-6 * (1 + std::fabs(theta[k]));
      moved[k] = theta[k] + step;
      residual_at(moved.data(), there.data());
      for (std::size_t i = 0; i < n + priors; ++i) jacobian[i * p + k] = (there[i] - residual[i]) / step;
      moved[k] = theta[k];
    }
  };
  return levenberg(problem, std::move(start), 200, 1e-12);
}

}  // namespace

double Sigmoid::operator()(double loss) const {
  return lowest + (highest - lowest) * logistic(steepness * (loss - middle));
}

double Link::error_of(double inner, int draw, bool with_noise) const {
  if (kind == Kind::odds) return std::isinf(inner) ? 1 - chance : (1 - chance) * inner / (1 + inner);
  const auto index = static_cast<std::size_t>(std::max(draw, 0));
  const Sigmoid& one = draw < 0 || draws.empty() ? sigmoid : draws[index % draws.size()];
  double error = one(inner);
  if (with_noise && draw >= 0 && !scores.empty()) error += noise * scores[index % scores.size()];
  return std::clamp(error, 1e-9, 1.0);
}

double Link::inner_of(double error) const { return error / (1 - chance - error); }
double Link::inner_error_deviation(double error, double deviation) const {
  return deviation * (1 - chance) / std::pow(1 - chance - error, 2);
}

nlohmann::ordered_json Link::to_json() const {
  if (kind == Kind::odds) return {{"kind", "odds"}, {"chance", chance}};
  const auto numbers = [](const Sigmoid& s) {
    return std::vector<double>{s.lowest, s.highest, s.steepness, s.middle};
  };
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Sigmoid& one : draws) list.push_back(numbers(one));
  return {{"kind", "sigmoid"},
          {"formula", "lowest + (highest - lowest)/(1 + exp(-steepness*(loss - middle)))"},
          {"parameters", numbers(sigmoid)},
          {"noise", noise},
          {"draws", std::move(list)},
          {"scores", scores}};
}

Link Link::read(const config::JsonNode& node) {
  Link link;
  if (node["kind"].one_of({"odds", "sigmoid"}) == "odds") {
    link.chance = node["chance"].number(config::at_least(0));
    if (link.chance >= 1) node["chance"].fail("must be below 1");
    return link;
  }
  const auto sigmoid = [](const config::JsonNode& one) {
    const std::vector<double> v = one.numbers();
    if (v.size() != 4) one.fail("must be lowest, highest, steepness and middle");
    return Sigmoid{v[0], v[1], v[2], v[3]};
  };
  link.kind = Kind::sigmoid;
  link.sigmoid = sigmoid(node["parameters"]);
  link.noise = node["noise"].number(config::at_least(0));
  for (const config::JsonNode& draw : node["draws"].elements()) link.draws.push_back(sigmoid(draw));
  link.scores = node["scores"].numbers();
  return link;
}

Link fit_sigmoid(const std::vector<double>& loss, const std::vector<double>& error, double highest, int draws,
                 std::uint64_t seed, const std::string& place) {
  const std::size_t n = loss.size();
  if (n < 5)
    throw base::UserError(place, "a sigmoid of the error over the loss needs five runs that have both");
  const auto [least, most] = std::minmax_element(loss.begin(), loss.end());
  const auto [low_error, high_error] = std::minmax_element(error.begin(), error.end());
  if (!(*most > *least))
    throw base::UserError(place, "the loss is the same in all runs: no second step can be fitted");
  const Pairs pairs{loss, error, (*least + *most) / 2, *most - *least};
  const Free free{highest};
  LevenbergResult best;
  best.cost = std::numeric_limits<double>::infinity();
  for (const double floor : {0.1, 0.5, 0.9}) {
    for (const double middle : {-0.5, 0.0, 0.5, 1.0}) {
      for (const double steep : {2.0, 5.0, 12.0}) {
        std::vector<double> start = {
            logit(std::clamp(floor * *low_error / std::max(*high_error, highest), 0.01, 0.99)),
            std::log(steep / pairs.width), pairs.center + middle * pairs.width};
        if (highest <= 0) start.push_back(logit(std::clamp(1.02 * *high_error, 0.02, 0.995)));
        LevenbergResult one = refit(free, pairs, std::move(start));
        if (one.cost < best.cost) best = std::move(one);
      }
    }
  }
  Link link;
  link.kind = Link::Kind::sigmoid;
  link.sigmoid = free.at(best.theta.data());
  std::vector<double> residual, fitted;
  double square = 0;
  for (std::size_t i = 0; i < n; ++i) {
    fitted.push_back(link.sigmoid(loss[i]));
    residual.push_back(error[i] - fitted[i]);
    square += residual[i] * residual[i];
  }
  const double freedom = std::max(1.0, double(n) - double(free.count()));
  link.noise = std::sqrt(square / freedom);
  if (!(link.sigmoid(*most) - link.sigmoid(*least) > 2 * link.noise))
    throw base::UserError(place, "the error does not rise with the loss", "are the columns the right ones?");
  base::Random random(seed, "fit/sigmoid");
  const double inflate = std::sqrt(double(n) / freedom);
  for (int draw = 0; draw < draws; ++draw) {
    std::vector<double> resampled;
    for (std::size_t i = 0; i < n; ++i)
      resampled.push_back(fitted[i] +
                          inflate * residual[static_cast<std::size_t>(random.uniform() * double(n)) % n]);
    const LevenbergResult one = refit(free, {loss, resampled, pairs.center, pairs.width}, best.theta);
    link.draws.push_back(free.at(one.theta.data()));
  }
  link.scores = normal_scores(static_cast<std::size_t>(draws), seed + 1);
  return link;
}

}  // namespace frugal::fit
