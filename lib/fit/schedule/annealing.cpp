#include "fit/schedule/annealing.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "fit/numeric/levenberg.h"
#include "fit/numeric/linear_algebra.h"

namespace frugal::fit {

double AnnealingLaw::loss(double area, double annealed) const {
  return floor + scale * std::pow(area, -alpha) - strength * annealed;
}

AnnealingLaw AnnealingLaw::of(const std::array<double, 5>& v) { return {v[0], v[1], v[2], v[3], v[4]}; }

const std::array<AnnealingParameter, 5>& annealing_parameters() {
  static const std::array<AnnealingParameter, 5> table = {
      {{"L0", "the floor"},
       {"A", "what is still to be learned when the rates add up to 1"},
       {"alpha", "how fast it falls with the summed rates"},
       {"C", "what annealing gains"},
       {"memory", "steps that its momentum remembers; lambda = exp(-1/memory)"}}};
  return table;
}

SchedulePoints SchedulePoints::first(std::size_t count) const {
  SchedulePoints out = *this;
  out.steps.resize(count);
  out.log_loss.resize(count);
  out.area.resize(count);
  return out;
}

SchedulePoints points_of(const TrainingCurve& curve, std::size_t most) {
  SchedulePoints out;
  out.name = curve.name;
  const double begin = curve.rates.warmup_end(), end = curve.steps.back();
  double bin = -1, sum = 0, steps = 0, count = 0;
  const auto close = [&] {
    if (count == 0) return;
    out.steps.push_back(steps / count);
    out.log_loss.push_back(sum / count);
    sum = steps = count = 0;
  };
  const auto after = static_cast<std::size_t>(
      curve.steps.end() - std::upper_bound(curve.steps.begin(), curve.steps.end(), begin));
  out.of_run = after;
  for (std::size_t i = curve.steps.size() - after; i < curve.steps.size(); ++i) {
    // The last of them belongs to the last bin.
    const double place =
        std::floor((curve.steps[i] - begin) / (end - begin) * static_cast<double>(most) * (1 - 1e-12));
    if (after <= most || place != bin) close();
    bin = place;
    sum += std::log(curve.loss[i]);
    steps += curve.steps[i];
    count += 1;
  }
  close();
  out.rates = curve.rates.simplified(out.steps, 1e-4);
  out.area = out.rates.areas(out.steps);
  return out;
}

namespace {

// Weak enough that three octaves either way cost one and a half units.
constexpr double usual_alpha = 0.5, alpha_deviation = 0.5, memory_deviation = 1.5;
constexpr double usual_memory_share = 0.05;  // of the longest run
constexpr double huber_width = 3;
constexpr int most_rounds = 20;  // a fit without noise sheds the priors' pull round by round

// The points that are fitted, run after run, and the room to evaluate the law in.
class Descent {
 public:
  Descent(const std::vector<SchedulePoints>& runs, double from, bool annealing)
      : runs_(runs), annealing_(annealing), parameters_(annealing ? 5 : 3) {
    double longest = 0;
    for (const SchedulePoints& run : runs) {
      Part part;
      for (std::size_t i = 0; i < run.count(); ++i) {
        if (run.area[i] < from) continue;
        part.index.push_back(i);
        part.steps.push_back(run.steps[i]);
        area_.push_back(run.area[i]);
        log_loss_.push_back(run.log_loss[i]);
        unit_ = std::max(unit_, run.area[i]);
      }
      longest = std::max(longest, run.rates.end());
      parts_.push_back(std::move(part));
    }
    for (const double area : area_) log_area_.push_back(std::log(area / unit_));
    usual_memory_ = std::max(1.0, usual_memory_share * longest);
    longest_ = longest;
    weight_.assign(area_.size(), 1);
  }

  std::size_t count() const { return area_.size(); }

  std::vector<double> annealed(double memory) const {
    std::vector<double> out;
    for (std::size_t k = 0; k < runs_.size(); ++k) {
      const std::vector<double> one = runs_[k].rates.annealed(parts_[k].steps, memory);
      out.insert(out.end(), one.begin(), one.end());
    }
    return out;
  }

  // ln A', ln alpha, ln L0, ln C, ln memory; A' at the largest S1.
  std::vector<double> coordinates(const AnnealingLaw& law) const {
    const double least = 1e-6 * std::exp(*std::min_element(log_loss_.begin(), log_loss_.end()));
    std::vector<double> theta = {std::log(std::max(law.scale * std::pow(unit_, -law.alpha), least)),
                                 std::log(law.alpha), std::log(std::max(law.floor, least))};
    if (annealing_) {
      theta.push_back(std::log(std::max(law.strength, least / std::max(1e-300, unit_))));
      theta.push_back(std::log(law.memory));
    }
    return theta;
  }
  AnnealingLaw law_at(const std::vector<double>& theta) const {
    AnnealingLaw law;
    law.alpha = std::exp(theta[1]);
    law.scale = std::exp(theta[0] + law.alpha * std::log(unit_));
    law.floor = std::exp(theta[2]);
    if (annealing_)
      law.strength = std::exp(theta[3]), law.memory = std::exp(theta[4]);
    else
      law.memory = usual_memory_;
    return law;
  }

  // Best of a grid of alpha and memory.
  AnnealingLaw scan() const {
    AnnealingLaw best;
    double least = std::numeric_limits<double>::infinity();
    for (int m = 0; m < (annealing_ ? 10 : 1); ++m) {
      const double memory = std::exp(std::log(2.0) + m / 9.0 * std::log(std::max(2.0, longest_ / 2)));
      const std::vector<double> gained = annealing_ ? annealed(memory) : std::vector<double>(count(), 0.0);
      for (const double alpha : {0.1, 0.2, 0.3, 0.45, 0.65, 1.0, 1.5}) {
        double gram[9] = {}, right[3] = {}, solution[3], square = 0;
        for (std::size_t i = 0; i < count(); ++i) {
          const double inverse = std::exp(-log_loss_[i]);
          const double row[3] = {inverse, std::exp(-alpha * log_area_[i]) * inverse, -gained[i] * inverse};
          for (int a = 0; a < 3; ++a) {
            right[a] += row[a];
            for (int b = 0; b < 3; ++b) gram[3 * a + b] += row[a] * row[b];
          }
        }
        small_nnls(gram, right, 3, solution);
        square = static_cast<double>(count());
        for (int a = 0; a < 3; ++a) square -= solution[a] * right[a];
        if (square >= least) continue;
        least = square;
        best = {solution[0], solution[1] * std::pow(unit_, alpha), alpha, solution[2], memory};
      }
    }
    // A part that is at its bound starts a little inside: logarithms never leave 0.
    const double loss = std::exp(log_loss_.back());
    best.floor = std::max(best.floor, 0.05 * loss);
    if (annealing_ && best.strength == 0) {
      const std::vector<double> gained = annealed(best.memory);
      const double most = *std::max_element(gained.begin(), gained.end());
      best.strength = most > 0 ? 0.001 * loss / most : 0;
    }
    return best;
  }

  AnnealingMinimum from(const AnnealingLaw& start) {
    std::vector<double> theta = coordinates(start);
    LeastSquares problem;
    problem.residuals = count() + (annealing_ ? 2 : 1);
    problem.parameters = parameters_;
    problem.evaluate = [this](const double* at, double* residual, double* jacobian) {
      evaluate(at, residual, jacobian);
    };
    // The noise is what is left; the priors' weight against the points follows from it.
    deviation_ = noise(theta);
    for (int round = 0; round < most_rounds; ++round) {
      const double before = deviation_;
      set_weights(theta);
      theta = levenberg(problem, theta, 60, 1e-9).theta;
      deviation_ = noise(theta);
      if (round > 0 && deviation_ > 0.95 * before) break;
    }
    AnnealingMinimum out;
    out.law = law_at(theta);
    out.count = count();
    const std::vector<double> left = residuals(theta);
    std::size_t next = 0;
    for (std::size_t k = 0; k < runs_.size(); ++k) {
      out.residuals.emplace_back(runs_[k].count(), NAN);
      for (const std::size_t i : parts_[k].index) {
        out.residuals.back()[i] = left[next];
        out.square += std::pow(weight_[next] * left[next], 2) / static_cast<double>(count());
        ++next;
      }
    }
    return out;
  }

 private:
  struct Part {
    std::vector<std::size_t> index;  // of the run's points
    std::vector<double> steps;
  };

  // ln fitted, and its derivatives by the coordinates; false where the law is not above 0.
  bool fitted(const double* theta, std::vector<double>& log_fitted, double* jacobian) const {
    const double alpha = std::exp(theta[1]), floor = std::exp(theta[2]),
                 strength = annealing_ ? std::exp(theta[3]) : 0;
    constexpr double h = 1e-4;  // of ln memory
    std::vector<double> gained(count(), 0.0), more, less;
    if (annealing_) {
      gained = annealed(std::exp(theta[4]));
      more = annealed(std::exp(theta[4] + h));
      less = annealed(std::exp(theta[4] - h));
    }
    log_fitted.resize(count());
    for (std::size_t i = 0; i < count(); ++i) {
      const double power = std::exp(theta[0] - alpha * log_area_[i]),
                   loss = floor + power - strength * gained[i];
      if (!(loss > 0)) return false;
      log_fitted[i] = std::log(loss);
      if (jacobian == nullptr) continue;
      double* row = jacobian + i * parameters_;
      row[0] = power / loss;
      row[1] = -alpha * log_area_[i] * power / loss;
      row[2] = floor / loss;
      if (!annealing_) continue;
      row[3] = -strength * gained[i] / loss;
      row[4] = -strength * (more[i] - less[i]) / (2 * h) / loss;
    }
    return true;
  }

  void evaluate(const double* theta, double* residual, double* jacobian) const {
    std::vector<double> log_fitted;
    if (!fitted(theta, log_fitted, jacobian)) {
      std::fill(residual, residual + count() + 1, std::numeric_limits<double>::infinity());
      return;
    }
    for (std::size_t i = 0; i < count(); ++i) {
      const double factor = std::sqrt(weight_[i]) / deviation_;
      residual[i] = (log_fitted[i] - log_loss_[i]) * factor;
      for (std::size_t p = 0; p < parameters_; ++p) jacobian[i * parameters_ + p] *= factor;
    }
    const auto prior = [&](std::size_t row, std::size_t p, double usual, double deviation) {
      residual[row] = (theta[p] - std::log(usual)) / deviation;
      std::fill(jacobian + row * parameters_, jacobian + (row + 1) * parameters_, 0.0);
      jacobian[row * parameters_ + p] = 1 / deviation;
    };
    prior(count(), 1, usual_alpha, alpha_deviation);
    if (annealing_) prior(count() + 1, 4, usual_memory_, memory_deviation);
  }

  std::vector<double> residuals(const std::vector<double>& theta) const {
    std::vector<double> out;
    if (!fitted(theta.data(), out, nullptr)) return std::vector<double>(count(), 1.0);
    for (std::size_t i = 0; i < count(); ++i) out[i] = log_loss_[i] - out[i];
    return out;
  }

  // From the median of the residuals' size, so that spikes do not widen it.
  double noise(const std::vector<double>& theta) const {
    std::vector<double> left = residuals(theta);
    for (double& one : left) one = std::fabs(one);
    const auto middle = left.begin() + static_cast<std::ptrdiff_t>(left.size() / 2);
    std::nth_element(left.begin(), middle, left.end());
    return std::max(1e-7, 1.4826 * *middle);
  }

  void set_weights(const std::vector<double>& theta) {
    const std::vector<double> left = residuals(theta);
    for (std::size_t i = 0; i < count(); ++i)
      weight_[i] = std::min(1.0, huber_width * deviation_ / std::max(1e-300, std::fabs(left[i])));
  }

  const std::vector<SchedulePoints>& runs_;
  bool annealing_;
  std::size_t parameters_;
  std::vector<Part> parts_;
  std::vector<double> area_, log_area_, log_loss_, weight_;
  double unit_ = 0, usual_memory_ = 1, longest_ = 1, deviation_ = 1;
};

}  // namespace

AnnealingMinimum fit_annealing_law(const std::vector<SchedulePoints>& runs, double from, bool annealing,
                                   const AnnealingLaw* start) {
  Descent descent(runs, from, annealing);
  FRUGAL_ASSERT(descent.count() > 0, "a point to fit");
  return descent.from(start != nullptr ? *start : descent.scan());
}

}  // namespace frugal::fit
