#include "fit/surface/posterior_surface.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "fit/law/law.h"
#include "fit/numeric/statistics.h"

namespace frugal::fit {

using config::JsonNode;

PosteriorSurface::PosteriorSurface(Posterior posterior, double factor, bool effective_data, int draws,
                                   std::uint64_t seed, Runs measured)
    : Surface(std::move(measured)),
      posterior_(std::move(posterior)),
      factor_(factor),
      effective_data_(effective_data),
      misfit_draws_(normal_scores(static_cast<std::size_t>(draws), seed)) {
  set_components();
  law_name = "average of " + std::to_string(components_.size()) + " laws";
  draw_parameters(seed);
  outliers_ = posterior_.outliers();
}

bool PosteriorSurface::set_aside(const RunScale& run) const {
  const RunScale at = with_effective_data(run);
  return std::any_of(outliers_.begin(), outliers_.end(), [&](const Posterior::Outlier& one) {
    return std::abs(at.size / one.size - 1) < 1e-6 && std::abs(at.data / one.data - 1) < 1e-6;
  });
}

void PosteriorSurface::set_components() {
  for (const PosteriorPart& part : posterior_.parts()) {
    auto known = std::find_if(components_.begin(), components_.end(),
                              [&](const SurfaceComponent& c) { return c.law == part.law->law; });
    if (known != components_.end()) {
      known->weight += part.weight;
      continue;
    }
    components_.push_back({part.law->law,
                           part.law->name(),
                           part.weight,
                           part.law->published(part.parameters.data(), posterior_.edge()),
                           {}});
  }
}

// Each part has its weight's share of the draws, spread evenly among them.
void PosteriorSurface::draw_parameters(std::uint64_t seed) {
  const std::vector<PosteriorPart>& parts = posterior_.parts();
  base::Random random(seed, "fit/posterior_draws");
  std::vector<double> due(parts.size(), 0.0), normals(8);
  for (std::size_t draw = 0; draw < misfit_draws_.size(); ++draw) {
    for (std::size_t k = 0; k < due.size(); ++k) due[k] += parts[k].weight;
    const auto most = std::max_element(due.begin(), due.end());
    *most -= 1;
    const auto k = static_cast<std::size_t>(most - due.begin());
    for (double& normal : normals) normal = random.normal();
    law_draws_.push_back({k, posterior_.draw(parts[k], normals)});
  }
}

std::vector<std::string> PosteriorSurface::variables() const {
  std::vector<std::string> variables = {variable::size, variable::data};
  if (effective_data_) variables.emplace_back(variable::unique_data);
  return variables;
}

RunScale PosteriorSurface::with_effective_data(RunScale scale) const {
  if (effective_data_ && scale.unique_data > 0)
    scale.data = fit::effective_data(scale.data, scale.unique_data);
  return scale;
}

Estimate PosteriorSurface::predict(const RunScale& given, double coverage) const {
  const RunScale scale = with_effective_data(given);
  const Posterior::Moments log_error = posterior_.at(scale.size, scale.data);
  const double half = coverage > 0 ? normal_quantile(0.5 + coverage / 2) * factor_ * log_error.deviation : 0;
  return {std::exp(log_error.mean), std::exp(log_error.mean - half), std::exp(log_error.mean + half)};
}

double PosteriorSurface::error(const RunScale& given, int draw, bool with_misfit) const {
  const RunScale scale = with_effective_data(given);
  const auto index = static_cast<std::size_t>(std::max(draw, 0));
  if (draw >= 0 && !with_misfit) {
    const LawDraw& one = law_draws_[index];
    return std::exp(
        posterior_.log_law(posterior_.parts()[one.part], one.parameters.data(), scale.size, scale.data));
  }
  if (!with_misfit) return std::exp(posterior_.log_laws(scale.size, scale.data));
  const Posterior::Moments log_error = posterior_.at(scale.size, scale.data);
  return std::exp(log_error.mean + (draw < 0 ? 0 : misfit_draws_[index] * factor_ * log_error.deviation));
}

// The covariance's lower triangle is written row by row: with it, neither priors nor laws are asked again.
void PosteriorSurface::write(nlohmann::ordered_json& fit) const {
  fit["laws"] = components_to_json(components_);
  nlohmann::ordered_json parts = nlohmann::ordered_json::array();
  for (const PosteriorPart& part : posterior_.parts()) {
    std::vector<double> triangle;
    for (std::size_t a = 0; a < part.law->size; ++a)
      for (std::size_t b = 0; b <= a; ++b) triangle.push_back(part.covariance[a * part.law->size + b]);
    parts.push_back({{"law", part.law->name()},
                     {"weight", part.weight},
                     {"discrepancy", part.amplitude},
                     {"steepness", part.steepness},
                     {"noise", part.noise},
                     {"outliers", part.outliers},
                     {"parameters", part.parameters},
                     {"covariance", std::move(triangle)}});
  }
  fit["posterior"] = {{"deviation_factor", factor_},
                      {"effective_data", effective_data_},
                      {"length", posterior_.options().length},
                      {"outlier_variance", posterior_.options().outlier_variance},
                      {"most_cells", posterior_.options().most_cells},
                      {"parts", std::move(parts)}};
}

namespace {

PosteriorPart read_part(const JsonNode& node) {
  PosteriorPart part;
  part.law = find_posterior_law(node["law"].text());
  if (part.law == nullptr) node["law"].fail("must be a law of size and data");
  const std::size_t size = part.law->size;
  part.weight = node["weight"].number();
  // Fit files of earlier versions say "wander" and "doubtful", and have no covariance.
  part.amplitude = node[node.has("wander") ? "wander" : "discrepancy"].number(config::greater_than(0));
  part.steepness = node["steepness"].number();
  part.noise = node["noise"].number(config::greater_than(0));
  for (const std::int64_t cell :
       node[node.has("doubtful") ? "doubtful" : "outliers"].integers(config::at_least(0)))
    part.outliers.push_back(static_cast<std::size_t>(cell));
  part.parameters = node["parameters"].numbers();
  if (part.parameters.size() != size) node["parameters"].fail("must have one value a parameter of the law");
  if (!node.has("covariance")) return part;
  const std::vector<double> triangle = node["covariance"].numbers();
  if (triangle.size() != size * (size + 1) / 2)
    node["covariance"].fail("must be the lower triangle of a matrix of the law's parameters");
  part.covariance.resize(size * size);
  for (std::size_t a = 0, k = 0; a < size; ++a)
    for (std::size_t b = 0; b <= a; ++b, ++k)
      part.covariance[a * size + b] = part.covariance[b * size + a] = triangle[k];
  return part;
}

}  // namespace

std::unique_ptr<Surface> PosteriorSurface::read(const JsonNode& fit, const ReadOptions& options) {
  const JsonNode node = fit["posterior"];
  std::vector<PosteriorPart> parts;
  for (const JsonNode& one : node["parts"].elements()) parts.push_back(read_part(one));
  if (parts.empty()) node["parts"].fail("must have at least one part");
  PosteriorOptions posterior;
  posterior.first_priors = true;  // later versions write covariances
  posterior.length = node.number_or("length", posterior.length, config::greater_than(0));
  posterior.outlier_variance =
      node.number_or("outlier_variance", posterior.outlier_variance, config::at_least(0));
  posterior.most_cells = static_cast<std::size_t>(
      node.integer_or("most_cells", static_cast<std::int64_t>(posterior.most_cells), config::at_least(4)));
  Runs runs = read_runs(fit["runs"]);
  const bool effective = node["effective_data"].flag();
  check_runs(runs, {variable::size, variable::data}, true);
  return std::make_unique<PosteriorSurface>(
      Posterior::restore(effective ? fit::with_effective_data(runs) : runs, std::move(parts), posterior),
      node["deviation_factor"].number(), effective, options.draws, options.seed, std::move(runs));
}

}  // namespace frugal::fit
