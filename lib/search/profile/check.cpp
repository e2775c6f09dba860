#include "search/profile/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"
#include "base/progress.h"

namespace frugal::search {
namespace {

// Positions in sorted order; equals share the mean of theirs.
std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> rank(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    for (std::size_t k = i; k < end; ++k) rank[order[k]] = 0.5 * static_cast<double>(i + end - 1);
    i = end;
  }
  return rank;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

std::vector<double> with_correction(const Correction& correction, std::vector<double> sums) {
  for (double& sum : sums) sum = correction.offset_ms + correction.scale * sum;
  return sums;
}

// Which way and what it looks like; empty where the two agree within a factor of 10.
std::string unit_warning(const std::vector<double>& predicted, const std::vector<double>& measured) {
  double log_ratio = 0;
  for (std::size_t i = 0; i < measured.size(); ++i) log_ratio += std::log(predicted[i] / measured[i]);
  const double ratio = std::exp(log_ratio / static_cast<double>(measured.size()));
  if (ratio < 10 && ratio > 0.1) return "";
  const std::string guess = ratio > 300 && ratio < 3000               ? " (a table in microseconds?)"
                            : ratio > 1.0 / 3000 && ratio < 1.0 / 300 ? " (a table in seconds?)"
                                                                      : "";
  return fmt::format(
      "predictions are {:.3g} times what is measured: is the table in milliseconds, and of this "
      "device, batch and threads?{}",
      ratio, guess);
}

// All of 0 … count − 1 with the first `fit` of them spread evenly among the others.
std::vector<std::size_t> spread(std::size_t fit, std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto place = [&](std::size_t i) {
    return i < fit ? (static_cast<double>(i) + 0.5) / static_cast<double>(fit)
                   : (static_cast<double>(i - fit) + 0.5) / static_cast<double>(count - fit);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return place(a) < place(b); });
  return order;
}

}  // namespace

Agreement agreement(const std::vector<double>& predicted, const std::vector<double>& measured) {
  FRUGAL_ASSERT(predicted.size() == measured.size(), "one prediction a measurement");
  Agreement result;
  result.networks = static_cast<std::int64_t>(measured.size());
  if (measured.empty()) return result;
  const auto n = static_cast<double>(measured.size());
  double squares = 0, relative_squares = 0, relative = 0;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    const double error = predicted[i] - measured[i];
    squares += error * error;
    relative_squares += error * error / (measured[i] * measured[i]);
    relative += std::abs(error) / measured[i];
  }
  result.rmse_ms = std::sqrt(squares / n);
  result.relative_rmse = std::sqrt(relative_squares / n);
  result.mean_relative_error = relative / n;
  if (measured.size() > 1) result.rank_correlation = correlation(ranks(predicted), ranks(measured));
  return result;
}

// Weighted least squares with weights 1 / measured².
Correction fit_correction(const std::vector<double>& predicted, const std::vector<double>& measured) {
  double w = 0, wp = 0, wpp = 0, wm = 0, wpm = 0;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    const double weight = 1 / (measured[i] * measured[i]);
    w += weight;
    wp += weight * predicted[i];
    wpp += weight * predicted[i] * predicted[i];
    wm += weight * measured[i];
    wpm += weight * predicted[i] * measured[i];
  }
  Correction correction;
  const double determinant = w * wpp - wp * wp;
  if (measured.size() < 2 || !(determinant > 1e-12 * w * wpp)) return correction;
  correction.scale = (w * wpm - wp * wm) / determinant;
  correction.offset_ms = (wpp * wm - wp * wpm) / determinant;
  if (correction.scale <= 0) return {};  // predictions that say nothing
  return correction;
}

Correction fit_scale(const std::vector<double>& predicted, const std::vector<double>& measured) {
  double ratio = 0, square = 0;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    const double relative = predicted[i] / measured[i];
    ratio += relative;
    square += relative * relative;
  }
  return square > 0 ? Correction{0, ratio / square} : Correction{};
}

namespace {

using Fit = Correction (*)(const std::vector<double>& predicted, const std::vector<double>& measured);

// Squared relative error of each network, predicted by a fit on all others.
std::vector<double> left_out_squares(Fit fit, const std::vector<double>& predicted,
                                     const std::vector<double>& measured) {
  std::vector<double> squares;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    std::vector<double> sums = predicted, times = measured;
    sums.erase(sums.begin() + static_cast<std::ptrdiff_t>(i));
    times.erase(times.begin() + static_cast<std::ptrdiff_t>(i));
    const double told = with_correction(fit(sums, times), {predicted[i]})[0];
    const double error = (told - measured[i]) / measured[i];
    squares.push_back(error * error);
  }
  return squares;
}

// Whether `after` is below `before` in the mean by more than the standard error of the difference.
bool clearly_below(const std::vector<double>& before, const std::vector<double>& after) {
  const auto n = static_cast<double>(before.size());
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < before.size(); ++i) sum += before[i] - after[i];
  const double mean = sum / n;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const double from_mean = before[i] - after[i] - mean;
    squares += from_mean * from_mean;
  }
  return mean > std::sqrt(squares / (n * (n - 1)));
}

}  // namespace

Correction choose_correction(const std::vector<double>& predicted, const std::vector<double>& measured,
                             double fastest) {
  constexpr std::size_t fewest = 4;  // each left-out fit of two numbers has three networks
  Correction chosen;
  if (measured.size() < fewest) return chosen;
  std::vector<double> squares =
      left_out_squares([](const auto&, const auto&) { return Correction{}; }, predicted, measured);
  for (const Fit fit : {Fit{fit_scale}, Fit{fit_correction}}) {
    const Correction tried = fit(predicted, measured);
    if (-tried.offset_ms > 0.5 * tried.scale * fastest) continue;
    std::vector<double> after = left_out_squares(fit, predicted, measured);
    if (!clearly_below(squares, after)) continue;
    chosen = tried;
    squares = std::move(after);
  }
  return chosen;
}

Check check_prediction(LatencyTable table, const std::vector<network::NetworkConfig>& networks,
                       std::size_t fit, Device& device, bool quiet, double fastest) {
  FRUGAL_ASSERT(fit < networks.size(), "some networks must be held out");
  table.correction = {};
  std::vector<double> sums, measured(networks.size());
  for (const network::NetworkConfig& network : networks) sums.push_back(predict(table, network).total_ms);
  base::Progress progress("check", static_cast<std::int64_t>(networks.size()), quiet);
  std::int64_t done = 0;
  // What is fitted on and what is judged take turns: a machine that changes changes for both.
  const auto order = spread(fit, networks.size());
  std::vector<network::NetworkConfig> in_turn;
  for (const std::size_t i : order) in_turn.push_back(networks[i]);
  device.measure(in_turn, [&](std::size_t i, const Measured& one) {
    measured[order[i]] = one.ms;
    progress.update(++done);
  });
  progress.finish();
  const auto split = static_cast<std::ptrdiff_t>(fit);
  const std::vector<double> fit_sums(sums.begin(), sums.begin() + split),
      held(sums.begin() + split, sums.end());
  Check check;
  check.measured_ms.assign(measured.begin() + split, measured.end());
  fastest = std::min(fastest, *std::min_element(sums.begin(), sums.end()));
  check.correction = choose_correction(fit_sums, {measured.begin(), measured.begin() + split}, fastest);
  check.predicted_ms = with_correction(check.correction, held);
  check.plain = agreement(held, check.measured_ms);
  check.corrected = agreement(check.predicted_ms, check.measured_ms);
  check.warning = unit_warning(held, check.measured_ms);
  return check;
}

nlohmann::ordered_json to_json(const Agreement& agreement) {
  return {{"networks", agreement.networks},
          {"rmse_ms", agreement.rmse_ms},
          {"relative_rmse", agreement.relative_rmse},
          {"mean_relative_error", agreement.mean_relative_error},
          {"rank_correlation", agreement.rank_correlation}};
}

nlohmann::ordered_json to_json(const Check& check) {
  nlohmann::ordered_json json{
      {"held_out", to_json(check.corrected)},
      {"held_out_without_correction", to_json(check.plain)},
      {"correction", {{"offset_ms", check.correction.offset_ms}, {"scale", check.correction.scale}}},
      {"predicted_ms", check.predicted_ms},
      {"measured_ms", check.measured_ms}};
  if (!check.warning.empty()) json["warning"] = check.warning;
  return json;
}

}  // namespace frugal::search
