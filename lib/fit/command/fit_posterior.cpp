#include "fit/command/fit_posterior.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "fit/law/law.h"
#include "fit/posterior/predictive.h"
#include "fit/surface/posterior_surface.h"

namespace frugal::fit {
namespace {

// One law's parameters as published, drawn from all its parts by their weights.
std::vector<ParameterInterval> intervals_of(const Posterior& posterior, const FitResult& at,
                                            const FitConfig& config, std::uint64_t seed) {
  base::Random random(seed, "fit/parameters/" + at.law);
  double total = 0;
  for (const PosteriorPart& part : posterior.parts()) total += part.law->name() == at.law ? part.weight : 0;
  std::vector<std::vector<double>> values(at.theta.size());
  std::vector<double> normals(8);
  double due = 0;
  for (const PosteriorPart& part : posterior.parts()) {
    if (part.law->name() != at.law) continue;
    for (due += double(config.draws) * part.weight / total; due >= 1; due -= 1) {
      for (double& normal : normals) normal = random.normal();
      const auto theta = part.law->published(posterior.draw(part, normals).data(), posterior.edge());
      for (std::size_t p = 0; p < theta.size(); ++p) values[p].push_back(theta[p]);
    }
  }
  std::vector<ParameterInterval> intervals;
  for (std::size_t p = 0; p < at.theta.size(); ++p) {
    const Estimate e = estimate_of(at.theta[p], std::move(values[p]), config.coverage);
    intervals.push_back({at.names[p], e.value, e.low, e.high, false, false});
  }
  return intervals;
}

FitResult result_of(const SurfaceComponent& component, const Posterior& posterior, const Runs& points) {
  FitResult result;
  result.law = component.law->name;
  for (const Parameter& parameter : component.law->parameters) result.names.push_back(parameter.name);
  result.theta = component.theta;
  const auto part = std::find_if(posterior.parts().begin(), posterior.parts().end(),
                                 [&](const PosteriorPart& p) { return p.law->name() == result.law; });
  result.certificate.converged = std::isfinite(part->gradient);
  result.certificate.projected_gradient = part->gradient;
  result.certificate.starts = posterior_starts;
  result.certificate.agreeing = int(std::lround(part->agreement * posterior_starts));
  result.certificate.share = part->agreement;
  add_residuals(result, *component.law, points);
  return result;
}

}  // namespace

void fit_posterior(SeriesFit& series, const FitConfig& config, std::uint64_t seed) {
  const Runs& points = series.runs;
  PredictiveOptions options;
  options.level = config.coverage;
  const Predictive predictive(points, options);
  const Runs effective = with_effective_data(points);
  auto surface = std::make_unique<PosteriorSurface>(predictive.posterior(), predictive.factor(),
                                                    points.has(variable::unique_data),
                                                    static_cast<int>(config.draws), seed, series.runs);
  for (const SurfaceComponent& component : surface->components()) {
    series.laws.push_back(result_of(component, predictive.posterior(), effective));
    series.weights.push_back(component.weight);
    series.intervals.push_back(intervals_of(predictive.posterior(), series.laws.back(), config, seed));
  }
  for (const RollingCut& cut : predictive.rolling()) {
    HoldOut one;
    one.variable = cut.variable;
    one.fitted = cut.fitted;
    one.hidden = cut.rows.size();
    one.beyond = cut.beyond;
    double square = 0;
    for (const double miss : cut.miss) square += miss * miss / double(cut.miss.size());
    one.average_log_rmse = std::sqrt(square);
    series.hold_outs.push_back(std::move(one));
  }
  for (const Posterior::Outlier& outlier : predictive.posterior().outliers())
    series.notes.push_back(
        fmt::format("size {:g} on data {:g}{} lies above what its neighbours say, as if trained too little: "
                    "it counts less",
                    outlier.size, outlier.data, points.has(variable::unique_data) ? " (effective)" : ""));
  if (series.hold_outs.empty())
    series.notes.push_back(
        "too few scales for a rolling hold-out: the interval rests on the priors and on how the runs "
        "scatter");
  series.interval_source =
      "Values and intervals under the priors; name a law to have those of the runs alone.";
  series.surface = std::move(surface);
}

}  // namespace frugal::fit
