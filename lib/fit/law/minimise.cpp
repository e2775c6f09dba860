#include "fit/law/minimise.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "fit/numeric/linear_algebra.h"

namespace frugal::fit {

Minimiser::Minimiser(Problem& problem, std::vector<double> lower, std::vector<double> upper)
    : problem_(&problem), p_(problem.parameter_count()), lower_(std::move(lower)), upper_(std::move(upper)) {
  FRUGAL_ASSERT(lower_.size() == p_ && upper_.size() == p_, "one bound a parameter");
  for (auto* buffer :
       {&theta_, &trial_, &gradient_, &scale_, &step_, &right_, &trial_gradient_, &trial_scale_})
    buffer->resize(p_);
  for (auto* buffer : {&hessian_, &factor_, &trial_hessian_}) buffer->resize(p_ * p_);
  residual_.resize(problem.count());
  held_.resize(p_);
}

// Minimises the quadratic model with damping · natural unit added, within the bounds: parameters that the
// gradient pushes against their bound are held; one that the step would carry through a bound is put on it
// and held, the worst first, and the rest solved again. False where the model is not convex.
bool Minimiser::newton_step(double damping) {
  for (std::size_t p = 0; p < p_; ++p) {
    const bool at_lower = theta_[p] <= lower_[p], at_upper = theta_[p] >= upper_[p];
    held_[p] = (at_lower && at_upper) || (at_lower && gradient_[p] >= 0) || (at_upper && gradient_[p] <= 0);
    step_[p] = 0;
  }
  std::size_t free[32];
  for (std::size_t round = 0; round <= p_; ++round) {
    std::size_t count = 0;
    for (std::size_t p = 0; p < p_; ++p)
      if (!held_[p]) free[count++] = p;
    for (std::size_t i = 0; i < count; ++i) {
      // In units of the scale, so that the factorisation sees a matrix of order one.
      const double unit_i = scale_[free[i]] > 0 ? 1 / std::sqrt(scale_[free[i]]) : 1;
      for (std::size_t j = 0; j < count; ++j) {
        const double unit_j = scale_[free[j]] > 0 ? 1 / std::sqrt(scale_[free[j]]) : 1;
        factor_[i * count + j] =
            hessian_[free[i] * p_ + free[j]] * unit_i * unit_j + (i == j ? damping : 0.0);
      }
      double right = -gradient_[free[i]];
      for (std::size_t q = 0; q < p_; ++q)
        if (held_[q] && step_[q] != 0) right -= hessian_[free[i] * p_ + q] * step_[q];
      right_[i] = right * unit_i;
    }
    if (count > 0 && !cholesky(factor_.data(), count)) return false;
    if (count > 0) cholesky_solve(factor_.data(), count, right_.data());
    std::size_t worst = p_;
    double worst_share = 1;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t p = free[i];
      const double unit = scale_[p] > 0 ? 1 / std::sqrt(scale_[p]) : 1;
      step_[p] = right_[i] * unit;
      const double room = step_[p] < 0 ? lower_[p] - theta_[p] : upper_[p] - theta_[p];
      const double share = std::fabs(step_[p]) > std::fabs(room) ? std::fabs(room) / std::fabs(step_[p]) : 1;
      if (share < worst_share) {
        worst_share = share;
        worst = p;
      }
    }
    if (worst == p_) break;
    held_[worst] = 1;
    step_[worst] = (step_[worst] < 0 ? lower_[worst] : upper_[worst]) - theta_[worst];
  }
  double linear = 0, quadratic = 0;
  for (std::size_t p = 0; p < p_; ++p) {
    linear += gradient_[p] * step_[p];
    for (std::size_t q = 0; q < p_; ++q) quadratic += step_[p] * hessian_[p * p_ + q] * step_[q];
  }
  predicted_ = -(linear + 0.5 * quadratic);
  return true;
}

double Minimiser::descend(double delta, double tolerance, int max_iterations) {
  double value =
      problem_->derivatives(theta_.data(), delta, gradient_.data(), hessian_.data(), scale_.data());
  converged_ = false;
  if (!std::isfinite(value)) return value;
  double damping = 1e-9, growth = 4;
  for (int iteration = 0; iteration < max_iterations; ++iteration) {
    ++iterations_;
    if (!newton_step(damping) || predicted_ < 0) {
      damping = std::max(damping * growth, 1e-6);
      growth *= 2;
      if (damping > 1e12) break;
      continue;
    }
    if (predicted_ <= tolerance * value + 1e-31 * double(problem_->count())) {
      converged_ = damping <= 1e-2;
      // What is left is worth taking where it does not cost: the last step of a quadratic piece.
      for (std::size_t p = 0; p < p_; ++p) trial_[p] = std::clamp(theta_[p] + step_[p], lower_[p], upper_[p]);
      const double trial_value = problem_->value(trial_.data(), delta);
      if (trial_value <= value) {
        theta_.swap(trial_);
        value = trial_value;
      }
      if (converged_) break;
      damping *= 0.1;
      continue;
    }
    for (std::size_t p = 0; p < p_; ++p) trial_[p] = std::clamp(theta_[p] + step_[p], lower_[p], upper_[p]);
    const double trial_value = problem_->derivatives(trial_.data(), delta, trial_gradient_.data(),
                                                     trial_hessian_.data(), trial_scale_.data());
    const double gain = (value - trial_value) / predicted_;
    if (trial_value < value && gain > 1e-3) {
      theta_.swap(trial_);
      gradient_.swap(trial_gradient_);
      hessian_.swap(trial_hessian_);
      scale_.swap(trial_scale_);
      value = trial_value;
      const double t = 2 * gain - 1;
      damping = std::max(1e-12, damping * (gain > 0.9 ? 0.03 : std::clamp(1 - t * t * t, 0.1, 2.0)));
      growth = 4;
    } else {
      bool moved = false;
      for (std::size_t p = 0; p < p_; ++p)
        moved = moved || std::fabs(step_[p]) > 1e-14 * std::max(std::fabs(theta_[p]), 1e-14);
      if (!moved) {
        converged_ = true;  // rounding is all that is left
        break;
      }
      damping = std::max(damping * growth, 1e-6);
      growth *= 2;
      if (damping > 1e12) break;
    }
  }
  return value;
}

void Minimiser::certify(double delta) {
  const double value =
      problem_->derivatives(theta_.data(), delta, gradient_.data(), hessian_.data(), scale_.data());
  best_.value = value;
  best_.predicted_decrease = newton_step(0) || newton_step(1e-9) ? predicted_ / std::max(value, 1e-300) : 1;
  double largest = 0;
  for (std::size_t p = 0; p < p_; ++p) {
    const bool pushed =
        (theta_[p] <= lower_[p] && gradient_[p] >= 0) || (theta_[p] >= upper_[p] && gradient_[p] <= 0);
    if (pushed || lower_[p] == upper_[p] || !(scale_[p] > 0)) continue;
    largest = std::max(largest, std::fabs(gradient_[p]) / std::sqrt(scale_[p]));
  }
  // A Huber loss has slopes up to δ per run: √count · δ is a gradient "of order one" in natural units.
  const double unit =
      std::isfinite(delta) ? delta * std::sqrt(double(problem_->count())) : std::sqrt(2 * value);
  best_.projected_gradient = largest / std::max(unit, 1e-300);
}

const Minimum& Minimiser::run(const double* start, const MinimiseOptions& options) {
  for (std::size_t p = 0; p < p_; ++p) theta_[p] = std::clamp(start[p], lower_[p], upper_[p]);
  iterations_ = 0;
  const double target = problem_->objective().huber_delta;
  if (std::isfinite(target)) {
    double delta = options.first_delta;
    if (delta < 0) {
      problem_->residuals(theta_.data(), residual_.data());
      for (double& r : residual_) r = std::fabs(r);
      std::nth_element(residual_.begin(), residual_.begin() + std::ptrdiff_t(residual_.size() / 2),
                       residual_.end());
      delta = 4 * residual_[residual_.size() / 2];
      if (!std::isfinite(delta)) delta = 1;
    }
    for (; delta > target * 1.5; delta *= options.narrowing) descend(delta, 1e-4, 30);
  }
  const double value = descend(target, options.tolerance, options.max_iterations);
  best_.theta = theta_;
  best_.value = value;
  best_.iterations = iterations_;
  best_.converged = converged_ && std::isfinite(value);
  if (std::isfinite(value)) certify(target);
  return best_;
}

}  // namespace frugal::fit
