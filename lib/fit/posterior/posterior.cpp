#include "fit/posterior/posterior.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "base/error.h"
#include "fit/numeric/cholesky.h"
#include "fit/numeric/discrepancy.h"
#include "fit/numeric/levenberg.h"

namespace frugal::fit {
namespace {

// The priors of the discrepancy's size and of the noise: normal in the logarithm, around 1.5 % and 1.2 %.
constexpr double log_amplitude = -4.2, log_noise = -4.4;

// Evidence this far below the best makes no difference.
constexpr double negligible = 7;

// Under-trained runs: logarithm of the odds against one, variance that it adds to ln y, and how many at most.
constexpr double outlier_cost = 3.5, outlier_variance = 0.04;
constexpr std::size_t least_share = 8;

}  // namespace

void Posterior::set_cells(const Runs& points) {
  const auto size = points.column(variable::size), data = points.column(variable::data);
  const std::size_t n = points.count();
  struct Cell {
    double x = 0, z = 0, log_y = 0, square = 0, count = 0, known = 0;
  };
  edge_.log_data = std::log(*std::max_element(data.begin(), data.end()));
  edge_.log_size = std::log(*std::max_element(size.begin(), size.end()));
  std::vector<Cell> cells;
  // Runs of the same size and data are one cell; where there are too many, so are neighbours.
  for (double width = 1e-9;; width = std::max(0.02, 2 * width)) {
    std::map<std::pair<long long, long long>, Cell> found;
    for (std::size_t i = 0; i < n; ++i) {
      const double x = std::log(data[i]) - edge_.log_data, z = std::log(size[i]) - edge_.log_size;
      Cell& cell = found[{std::llround(x / width), std::llround(z / width)}];
      const double weight = points.weight.empty() ? 1 : points.weight[i], log_y = std::log(points.y[i]);
      if (weight <= 0) continue;
      cell.count += weight;
      cell.x += weight * x;
      cell.z += weight * z;
      cell.log_y += weight * log_y;
      cell.square += weight * log_y * log_y;
      if (!points.standard_error.empty())
        cell.known += std::pow(weight * points.standard_error[i] / points.y[i], 2);
    }
    if (found.size() > options_.most_cells) continue;
    double repeats = 0;
    for (auto& [place, cell] : found) {
      if (cell.count <= 0) continue;
      within_ += std::max(0.0, cell.square - cell.log_y * cell.log_y / cell.count);
      repeats += 1;
      cells.push_back(cell);
    }
    freedom_ = points.weight.empty() ? double(n) - repeats : 0;
    break;
  }
  if (cells.size() < 4)
    throw base::UserError(
        "",
        fmt::format("fewer scales than a law can be fitted to: {} distinct pairs of size and data",
                    cells.size()),
        "measure at four or more, better nine: three sizes on three amounts of data");
  double nearest = -std::numeric_limits<double>::infinity();
  edge_.highest = nearest;
  for (const Cell& cell : cells) {
    x_.insert(x_.end(), {cell.x / cell.count, cell.z / cell.count});
    log_y_.push_back(cell.log_y / cell.count);
    count_.push_back(cell.count);
    known_.push_back(cell.known / (cell.count * cell.count));
    edge_.highest = std::max(edge_.highest, log_y_.back());
    if (cell.x + cell.z > nearest * cell.count) {
      nearest = (cell.x + cell.z) / cell.count;
      edge_.level = log_y_.back();
    }
  }
}

Posterior::Frame Posterior::frame(double amplitude, double steepness, double noise,
                                  std::vector<std::size_t> outliers) const {
  const std::size_t n = log_y_.size();
  Frame frame{amplitude, steepness, noise, std::move(outliers), std::vector<double>(n * n), 0};
  std::vector<double> scale(n);
  for (std::size_t i = 0; i < n; ++i)
    scale[i] = amplitude * std::exp(-steepness * (x_[2 * i] + x_[2 * i + 1]));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j)
      frame.factor[i * n + j] = scale[i] * scale[j] *
                                matern(std::fabs(x_[2 * i] - x_[2 * j]) / options_.length) *
                                matern(std::fabs(x_[2 * i + 1] - x_[2 * j + 1]) / options_.length);
    frame.factor[i * n + i] += noise * noise / count_[i] + known_[i] + 1e-10;
  }
  for (const std::size_t i : frame.outliers) frame.factor[i * n + i] += outlier_variance;
  const bool positive = cholesky(frame.factor.data(), n);
  FRUGAL_ASSERT(positive, "a covariance has a Cholesky factor");
  for (std::size_t i = 0; i < n; ++i) frame.log_determinant += std::log(frame.factor[i * n + i]);
  return frame;
}

void Posterior::whiten(const Frame& frame, double* rows, std::size_t columns) const {
  cholesky_whiten(frame.factor.data(), log_y_.size(), rows, columns);
}

double Posterior::evidence(const Frame& frame, PosteriorPart& part,
                           const std::vector<std::vector<double>>& starts) const {
  const PosteriorLaw& law = *part.law;
  const std::size_t n = log_y_.size(), p = law.size;
  std::vector<double> mean(p), deviation(p), rows(n * (p + 1)), jacobian(n * p);
  law.prior(edge_, mean.data(), deviation.data());
  LeastSquares problem;
  problem.residuals = n + p;
  problem.parameters = p;
  problem.evaluate = [&](const double* theta, double* residual, double* out) {
    law.evaluate(theta, x_, residual, jacobian.data());
    for (std::size_t i = 0; i < n; ++i) {
      rows[i * (p + 1)] = residual[i] - log_y_[i];
      std::copy_n(&jacobian[i * p], p, &rows[i * (p + 1) + 1]);
    }
    whiten(frame, rows.data(), p + 1);
    for (std::size_t i = 0; i < n; ++i) {
      residual[i] = rows[i * (p + 1)];
      std::copy_n(&rows[i * (p + 1) + 1], p, out + i * p);
    }
    std::fill(out + n * p, out + (n + p) * p, 0.0);
    for (std::size_t k = 0; k < p; ++k) {
      residual[n + k] = (theta[k] - mean[k]) / deviation[k];
      out[(n + k) * p + k] = 1 / deviation[k];
    }
  };
  std::vector<LevenbergResult> ends;
  for (const auto& start : starts) ends.push_back(levenberg(problem, start, 40, 1e-8));
  const auto best = std::min_element(ends.begin(), ends.end(),
                                     [](const auto& a, const auto& b) { return a.cost < b.cost; });
  part.parameters = best->theta;
  part.gradient = best->gradient_norm;
  part.agreement = 0;
  for (const auto& end : ends) part.agreement += (end.cost < best->cost + 1e-4) / double(ends.size());
  if (!std::isfinite(best->cost)) return -std::numeric_limits<double>::infinity();

  const double log_determinant = set_covariance(frame, part);
  if (!std::isfinite(log_determinant)) return -std::numeric_limits<double>::infinity();
  double value =
      -best->cost - frame.log_determinant - log_determinant - outlier_cost * double(frame.outliers.size());
  for (std::size_t k = 0; k < p; ++k) value -= std::log(deviation[k]);
  value -= 0.5 * std::pow(std::log(frame.amplitude) - log_amplitude, 2);
  value -= 0.5 * std::pow(std::log(frame.noise) - log_noise, 2);
  return value - freedom_ * std::log(frame.noise) - 0.5 * within_ / (frame.noise * frame.noise);
}

double Posterior::set_covariance(const Frame& frame, PosteriorPart& part) const {
  const std::size_t n = log_y_.size(), p = part.law->size;
  std::vector<double> mean(p), deviation(p), log_y(n), jacobian(n * p), precision(p * p), column(p);
  part.law->prior(edge_, mean.data(), deviation.data());
  part.law->evaluate(part.parameters.data(), x_, log_y.data(), jacobian.data());
  whiten(frame, jacobian.data(), p);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t a = 0; a < p; ++a)
      for (std::size_t b = 0; b < p; ++b) precision[a * p + b] += jacobian[i * p + a] * jacobian[i * p + b];
  for (std::size_t a = 0; a < p; ++a) precision[a * p + a] += 1 / (deviation[a] * deviation[a]);
  if (!cholesky(precision.data(), p)) return std::numeric_limits<double>::infinity();
  part.covariance.assign(p * p, 0.0);
  double log_determinant = 0;
  for (std::size_t k = 0; k < p; ++k) {
    log_determinant += std::log(precision[k * p + k]);
    std::fill(column.begin(), column.end(), 0.0);
    column[k] = 1;
    cholesky_solve(precision.data(), p, column.data());
    for (std::size_t a = 0; a < p; ++a) part.covariance[a * p + k] = column[a];
  }
  return log_determinant;
}

double Posterior::mark_outliers(Frame& frame, PosteriorPart& part, double value) const {
  const std::size_t n = log_y_.size(), p = part.law->size;
  std::vector<double> residual(n), jacobian(n * p), column(n);
  while (frame.outliers.size() < std::max<std::size_t>(1, n / least_share)) {
    // Each cell as predicted from all others: with P the inverse of the cells' covariance, the parameters'
    // included, it misses by (P r)ᵢ/Pᵢᵢ with a variance of 1/Pᵢᵢ.
    part.law->evaluate(part.parameters.data(), x_, residual.data(), jacobian.data());
    for (std::size_t i = 0; i < n; ++i) residual[i] = log_y_[i] - residual[i];
    whiten(frame, residual.data(), 1);
    whiten(frame, jacobian.data(), p);
    double most = outlier_cost;
    std::size_t worst = n;
    for (std::size_t i = 0; i < n; ++i) {
      // Column i of the inverse of the Cholesky factor.
      for (std::size_t k = i; k < n; ++k) {
        double sum = k == i ? 1 : 0;
        for (std::size_t j = i; j < k; ++j) sum -= frame.factor[k * n + j] * column[j];
        column[k] = sum / frame.factor[k * n + k];
      }
      double precision = 0, pull = 0, shared[8] = {};
      for (std::size_t k = i; k < n; ++k) {
        precision += column[k] * column[k];
        pull += column[k] * residual[k];
        for (std::size_t a = 0; a < p; ++a) shared[a] += column[k] * jacobian[k * p + a];
      }
      for (std::size_t a = 0; a < p; ++a)
        for (std::size_t b = 0; b < p; ++b) precision -= shared[a] * part.covariance[a * p + b] * shared[b];
      if (!(precision > 0) || pull <= 0) continue;
      if (std::find(frame.outliers.begin(), frame.outliers.end(), i) != frame.outliers.end()) continue;
      const double variance = 1 / precision, wider = variance + outlier_variance, miss = pull * variance;
      const double gain = 0.5 * std::log(variance / wider) + 0.5 * miss * miss * (precision - 1 / wider);
      if (gain > most) {
        most = gain;
        worst = i;
      }
    }
    if (worst == n) break;
    auto outliers = frame.outliers;
    outliers.push_back(worst);
    frame = this->frame(frame.amplitude, frame.steepness, frame.noise, std::move(outliers));
    value = evidence(frame, part, {part.parameters});
  }
  return value;
}

Posterior Posterior::fit(const Runs& points, const PosteriorOptions& options) {
  Posterior posterior;
  posterior.options_ = options;
  posterior.set_cells(points);
  std::vector<double> noises = options.noises;
  if (posterior.freedom_ >= 3) {
    const double pooled = std::max(1e-4, std::sqrt(posterior.within_ / posterior.freedom_));
    noises = {0.75 * pooled, pooled, 1.33 * pooled};
  }
  // The first law, of the fewest parameters, rules out most of the grid for the others.
  std::vector<PosteriorPart> parts;
  std::vector<double> evidence;
  std::vector<char> kept(options.amplitudes.size() * options.steepness.size() * noises.size(), 1);
  std::vector<Frame> frames;
  for (const double amplitude : options.amplitudes)
    for (const double steepness : options.steepness)
      for (const double noise : noises) frames.push_back(posterior.frame(amplitude, steepness, noise, {}));
  double best_of_all = -std::numeric_limits<double>::infinity();
  for (const std::string& name : options.laws) {
    const PosteriorLaw* law = find_posterior_law(name);
    FRUGAL_ASSERT(law != nullptr, "a law of the table");
    std::vector<double> mean(law->size), deviation(law->size);
    law->prior(posterior.edge_, mean.data(), deviation.data());
    std::vector<std::vector<double>> starts;
    for (const double floor : {-2.0, 0.5})
      for (const double share : {-1.0, 1.0}) {
        starts.push_back(mean);
        starts.back()[1] = floor;
        starts.back()[2] = share;
      }
    double best = -std::numeric_limits<double>::infinity(), agreement = 0;
    std::vector<double> own(frames.size(), best);
    for (std::size_t f = 0; f < frames.size(); ++f) {
      if (!kept[f]) continue;
      PosteriorPart part;
      part.law = law;
      part.amplitude = frames[f].amplitude;
      part.steepness = frames[f].steepness;
      part.noise = frames[f].noise;
      own[f] = posterior.evidence(frames[f], part, starts);
      if (starts.size() > 1) agreement = part.agreement;
      part.agreement = agreement;
      if (!std::isfinite(own[f])) continue;
      if (name == options.laws.front()) own[f] = posterior.mark_outliers(frames[f], part, own[f]);
      part.outliers = frames[f].outliers;
      best = std::max(best, own[f]);
      starts = {part.parameters};  // the next is near
      parts.push_back(std::move(part));
      evidence.push_back(own[f]);
    }
    for (std::size_t f = 0; f < frames.size(); ++f) kept[f] = kept[f] && own[f] > best - negligible;
    best_of_all = std::max(best_of_all, best);
  }
  if (parts.empty()) throw base::Failure("no law could be fitted to these runs");
  double total = 0;
  for (std::size_t k = 0; k < parts.size(); ++k)
    total += parts[k].weight = std::exp(evidence[k] - best_of_all);
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto& a, const auto& b) { return a.weight > b.weight; });
  // The tail of the mixture costs time and says nothing.
  double sum = 0;
  for (PosteriorPart& part : parts) {
    if (sum > 0.98 * total) break;
    sum += part.weight;
    posterior.parts_.push_back(std::move(part));
  }
  for (PosteriorPart& part : posterior.parts_) part.weight /= sum;
  posterior.make_ready();
  return posterior;
}

Posterior Posterior::restore(const Runs& points, std::vector<PosteriorPart> parts,
                             const PosteriorOptions& options) {
  Posterior posterior;
  posterior.options_ = options;
  posterior.set_cells(points);
  for (const PosteriorPart& part : parts)
    for (const std::size_t cell : part.outliers)
      if (cell >= posterior.log_y_.size())
        throw base::UserError("", fmt::format("outlier {} of {} scales", cell, posterior.log_y_.size()),
                              "the runs are not those that were fitted");
  posterior.parts_ = std::move(parts);
  posterior.make_ready();
  return posterior;
}

}  // namespace frugal::fit
