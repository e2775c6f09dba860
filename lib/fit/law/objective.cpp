#include "fit/law/objective.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "fit/numeric/vector_math.h"

namespace frugal::fit {

double huber(double r, double delta) {
  const double size = std::fabs(r);
  return size <= delta ? 0.5 * r * r : delta * (size - 0.5 * delta);
}

Problem::Problem(const Law& law, const Inputs& inputs, std::vector<double> y, std::vector<double> weight,
                 const Objective& objective)
    : law_(&law),
      inputs_(&inputs),
      count_(inputs.count),
      parameters_(law.parameter_count()),
      objective_(objective) {
  FRUGAL_ASSERT(y.size() == count_, "as many results as runs");
  if (weight.empty()) weight.assign(count_, 1.0);
  for (auto* buffer :
       {&y_, &log_y_, &predicted_, &residual_, &loss_, &first_, &second_, &natural_, &product_, &other_y_})
    buffer->resize(count_);
  jacobian_.resize(count_ * parameters_);
  other_jacobian_.resize(count_ * parameters_);
  moved_.resize(parameters_);
  weight_ = std::move(weight);
  set_y(y.data());
}

void Problem::set_y(const double* y) {
  std::copy(y, y + count_, y_.begin());
  if (objective_.residual == Residual::log) vector_log(y_.data(), log_y_.data(), count_);
}

void Problem::set_weight(const double* weight) { std::copy(weight, weight + count_, weight_.begin()); }

namespace {

// r, dr/dŷ and d²r/dŷ² are a function of ŷ and y alone; the loops below are plain so that they vectorise.
FRUGAL_VECTOR_CLONES void huber_losses(std::size_t n, const double* r, const double* weight, double delta,
                                       double above_weight, double* loss, double* psi, double* curvature) {
  for (std::size_t i = 0; i < n; ++i) {
    const double size = std::fabs(r[i]);
    const double clipped = size < delta ? size : delta;
    const double w = weight[i] * (r[i] < 0 ? above_weight : 1.0);
    loss[i] = w * clipped * (size - 0.5 * clipped);
    psi[i] = w * std::copysign(clipped, r[i]);
    curvature[i] = size <= delta ? w : 0.0;
  }
}

FRUGAL_VECTOR_CLONES void log_chain(std::size_t n, const double* predicted, const double* weight,
                                    double* first, double* second, double* natural) {
  for (std::size_t i = 0; i < n; ++i) {
    const double inverse = 1 / predicted[i];
    second[i] = (second[i] - first[i]) * inverse * inverse;
    first[i] = first[i] * inverse;
    natural[i] = weight[i] * inverse * inverse;
  }
}

FRUGAL_VECTOR_CLONES bool all_between(std::size_t n, const double* x, double lowest, double highest) {
  int bad = 0;
  for (std::size_t i = 0; i < n; ++i) bad |= !(x[i] > lowest) | !(x[i] < highest);
  return bad == 0;
}

FRUGAL_VECTOR_CLONES void subtract_each(std::size_t n, const double* a, const double* b, double* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = a[i] - b[i];
}

FRUGAL_VECTOR_CLONES void multiply_each(std::size_t n, const double* a, const double* b, double* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = a[i] * b[i];
}

}  // namespace

double Problem::losses(double huber_delta, bool with_derivatives) {
  constexpr double huge = 1e300;
  const double infinity = std::numeric_limits<double>::infinity();
  const bool log = objective_.residual == Residual::log;
  if (!all_between(count_, predicted_.data(), log ? 1e-300 : -huge, huge)) return infinity;
  if (log) {
    vector_log(predicted_.data(), residual_.data(), count_);
    subtract_each(count_, residual_.data(), log_y_.data(), residual_.data());
  } else {
    subtract_each(count_, predicted_.data(), y_.data(), residual_.data());
    if (objective_.residual == Residual::relative)
      for (std::size_t i = 0; i < count_; ++i) residual_[i] /= y_[i];
  }
  huber_losses(count_, residual_.data(), weight_.data(), std::min(huber_delta, huge), objective_.above_weight,
               loss_.data(), first_.data(), second_.data());
  const double value = sum(loss_.data(), count_);
  if (!with_derivatives) return value;
  if (log) {
    log_chain(count_, predicted_.data(), weight_.data(), first_.data(), second_.data(), natural_.data());
  } else {
    for (std::size_t i = 0; i < count_; ++i) {
      const double inverse = objective_.residual == Residual::relative ? 1 / y_[i] : 1.0;
      first_[i] *= inverse;
      second_[i] *= inverse * inverse;
      natural_[i] = weight_[i] * inverse * inverse;
    }
  }
  return value;
}

double Problem::value(const double* theta, double huber_delta) {
  law_->evaluate(theta, *inputs_, predicted_.data(), nullptr);
  return losses(huber_delta, false);
}

void Problem::residuals(const double* theta, double* out) {
  value(theta, objective_.huber_delta);
  std::copy(residual_.begin(), residual_.end(), out);
}

double Problem::derivatives(const double* theta, double huber_delta, double* gradient, double* hessian,
                            double* scale) {
  law_->evaluate(theta, *inputs_, predicted_.data(), jacobian_.data());
  const double value = losses(huber_delta, true);
  if (!std::isfinite(value)) return value;
  for (std::size_t p = 0; p < parameters_; ++p) {
    const double* column = jacobian_.data() + p * count_;
    gradient[p] = dot(first_.data(), column, count_);
    scale[p] = dot(natural_.data(), column, column, count_);
    multiply_each(count_, second_.data(), column, product_.data());
    for (std::size_t q = p; q < parameters_; ++q) {
      const double h = dot(product_.data(), jacobian_.data() + q * count_, count_);
      hessian[p * parameters_ + q] = hessian[q * parameters_ + p] = h;
    }
  }
  if (!law_->add_curvature(theta, *inputs_, jacobian_.data(), first_.data(), hessian))
    difference_curvature(theta, hessian);
  return value;
}

// Σᵢ vᵢ ∂²ŷᵢ from differences of the analytic jacobian with vᵢ held fixed, so that no kink of ρ is crossed.
void Problem::difference_curvature(const double* theta, double* hessian) {
  const std::size_t p_count = parameters_;
  std::copy(theta, theta + p_count, moved_.begin());
  for (std::size_t p = 0; p < p_count; ++p) {
    const Parameter& parameter = law_->parameters[p];
    double step = 1e-6 * std::max(std::fabs(theta[p]), 1e-3);
    if (theta[p] + step > parameter.upper) step = -step;
    moved_[p] = theta[p] + step;
    step = moved_[p] - theta[p];
    law_->evaluate(moved_.data(), *inputs_, other_y_.data(), other_jacobian_.data());
    moved_[p] = theta[p];
    for (std::size_t q = 0; q < p_count; ++q) {
      const double before = dot(first_.data(), jacobian_.data() + q * count_, count_);
      const double after = dot(first_.data(), other_jacobian_.data() + q * count_, count_);
      const double h = 0.5 * (after - before) / step;
      if (!std::isfinite(h)) continue;
      hessian[p * p_count + q] += h;
      hessian[q * p_count + p] += h;
    }
  }
}

}  // namespace frugal::fit
