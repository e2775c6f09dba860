// The laws of size and data as a fit with priors needs them. Both variables count from the largest fitted
// one, and the law of the table (law/laws/) gets its parameters from others that are free of bounds
// (logarithms and logits): the level at the edge, the floor's share of it that no data or size removes, the
// data's share of the rest, and exponents α = η e^(d/2) of data and β = η e^(−d/2) of size. Overtraining has
// d = 0; rosenfeld has the level of a random guess besides. Kaplan's has no floor: the level, the size's
// share of the sum within, the ratio of its exponents and that of data.
//
// The priors are those of published fits, wide: they decide where a few noisy runs cannot (a floor, mostly),
// and their weight vanishes as runs grow.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fit/law/law.h"

namespace frugal::fit {

// Where the variables are counted from, and what the priors relate to.
struct Edge {
  double log_data = 0, log_size = 0;  // of the largest fitted data and size
  double level = 0;                   // ln y of the run nearest to that corner
  double highest = 0;                 // largest ln y
};

struct PosteriorLaw {
  std::shared_ptr<const Law> law;  // of the table in law/law.cpp; its variables are size and data
  std::size_t size;                // number of free parameters
  double log_prior;                // ln of how likely it is before any run, relative to chinchilla
  // ln y of every run, size and data in units of the edge; jacobian has rows of `size`, unless null.
  void (*log_value)(const Law& law, const double* parameters, const Inputs& inputs, double* log_y,
                    double* jacobian);
  // Normal priors.
  void (*prior)(const Edge& edge, double* mean, double* deviation);
  // The parameters of the law itself, size and data in units of the edge.
  std::vector<double> (*theta)(const double* parameters);

  const std::string& name() const { return law->name; }
  void evaluate(const double* parameters, const Inputs& inputs, double* log_y, double* jacobian) const {
    log_value(*law, parameters, inputs, log_y, jacobian);
  }
  // The parameters of the law as published, for size and data in their own units.
  std::vector<double> published(const double* parameters, const Edge& edge) const;
};

std::span<const PosteriorLaw> posterior_laws();
// Null where there is no law of that name.
const PosteriorLaw* find_posterior_law(std::string_view name);

}  // namespace frugal::fit
