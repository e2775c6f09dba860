// What a fitted posterior says of runs that were not made.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "fit/numeric/cholesky.h"
#include "fit/numeric/discrepancy.h"
#include "fit/posterior/posterior.h"

namespace frugal::fit {

void Posterior::make_ready() {
  const std::size_t n = log_y_.size();
  for (PosteriorPart& part : parts_) {
    Ready ready{0, {}, {}};
    while (ready.frame < frames_.size() &&
           !(frames_[ready.frame].amplitude == part.amplitude &&
             frames_[ready.frame].steepness == part.steepness && frames_[ready.frame].noise == part.noise))
      ++ready.frame;
    if (ready.frame == frames_.size())
      frames_.push_back(frame(part.amplitude, part.steepness, part.noise, part.outliers));
    const Frame& frame = frames_[ready.frame];
    const std::size_t p = part.law->size;
    ready.residual.resize(n);
    ready.jacobian.resize(n * p);
    part.law->evaluate(part.parameters.data(), x_, ready.residual.data(), ready.jacobian.data());
    for (std::size_t i = 0; i < n; ++i) ready.residual[i] = log_y_[i] - ready.residual[i];
    whiten(frame, ready.residual.data(), 1);
    whiten(frame, ready.jacobian.data(), p);
    if (part.covariance.empty()) set_covariance(frame, part);
    ready_.push_back(std::move(ready));
  }
}

Posterior::Moments Posterior::at(double size, double data) const {
  const std::size_t n = log_y_.size();
  const std::array<double, 2> x{std::log(data) - edge_.log_data, std::log(size) - edge_.log_size};
  std::vector<double> near(n), reach(n), jacobian(8), gradient(8);
  for (std::size_t i = 0; i < n; ++i)
    near[i] = matern(std::fabs(x[0] - x_[2 * i]) / options_.length) *
              matern(std::fabs(x[1] - x_[2 * i + 1]) / options_.length);
  double mean = 0, square = 0;
  for (std::size_t f = 0; f < frames_.size(); ++f) {
    const Frame& frame = frames_[f];
    // Beyond the largest run the discrepancy stays as large as there.
    const double amplitude = frame.amplitude * std::exp(-frame.steepness * std::min(0.0, x[0] + x[1]));
    for (std::size_t i = 0; i < n; ++i)
      reach[i] =
          near[i] * amplitude * frame.amplitude * std::exp(-frame.steepness * (x_[2 * i] + x_[2 * i + 1]));
    whiten(frame, reach.data(), 1);
    double left = amplitude * amplitude + frame.noise * frame.noise;
    for (const double r : reach) left -= r * r;
    for (std::size_t k = 0; k < parts_.size(); ++k) {
      if (ready_[k].frame != f) continue;
      const PosteriorPart& part = parts_[k];
      const std::size_t p = part.law->size;
      double value = 0, variance = left;
      part.law->evaluate(part.parameters.data(), x, &value, jacobian.data());
      std::copy_n(jacobian.begin(), p, gradient.begin());
      for (std::size_t i = 0; i < n; ++i) {
        value += reach[i] * ready_[k].residual[i];
        for (std::size_t a = 0; a < p; ++a) gradient[a] -= reach[i] * ready_[k].jacobian[i * p + a];
      }
      for (std::size_t a = 0; a < p; ++a)
        for (std::size_t b = 0; b < p; ++b)
          variance += gradient[a] * part.covariance[a * p + b] * gradient[b];
      mean += part.weight * value;
      square += part.weight * (variance + value * value);
    }
  }
  return {mean, std::sqrt(std::max(0.0, square - mean * mean))};
}

std::vector<Posterior::Outlier> Posterior::outliers() const {
  std::map<std::size_t, double> share;
  for (const PosteriorPart& part : parts_)
    for (const std::size_t i : part.outliers) share[i] += part.weight;
  std::vector<Outlier> outliers;
  for (const auto& [i, probability] : share) {
    if (probability > 0.5)
      outliers.push_back(
          {std::exp(x_[2 * i + 1] + edge_.log_size), std::exp(x_[2 * i] + edge_.log_data), probability});
  }
  return outliers;
}

double Posterior::log_law(const PosteriorPart& part, const double* parameters, double size,
                          double data) const {
  const std::array<double, 2> x{std::log(data) - edge_.log_data, std::log(size) - edge_.log_size};
  double value = 0;
  part.law->evaluate(parameters, x, &value, nullptr);
  return value;
}

std::vector<double> Posterior::draw(const PosteriorPart& part, const std::vector<double>& normals) const {
  const std::size_t p = part.law->size;
  std::vector<double> factor = part.covariance, theta = part.parameters;
  if (!cholesky(factor.data(), p)) return theta;
  for (std::size_t a = 0; a < p; ++a)
    for (std::size_t b = 0; b <= a; ++b) theta[a] += factor[a * p + b] * normals[b];
  return theta;
}

}  // namespace frugal::fit
