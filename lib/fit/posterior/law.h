// The laws of size and data as a fit with priors needs them. Both variables count from the largest fitted
// one, x = ln(data / edge) and z = ln(size / edge), and every parameter is free of bounds (logarithms and
// logits):
//   ln y = level + ln(floor + (1 − floor) (share e^(−αx) + (1 − share) e^(−βz))),
// level the value at the edge, floor its part that no data or size removes, share the data's part of the
// rest, α = η e^(d/2) and β = η e^(−d/2). That is chinchilla; d = 0 makes it overtraining; an envelope at the
// level of a random guess makes it rosenfeld.
//
// The priors are those of published fits, wide: they decide where a few noisy runs cannot (a floor, mostly),
// and their weight vanishes as runs grow.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace frugal::fit {

// Where the variables are counted from, and what the priors relate to.
struct Edge {
  double log_data = 0, log_size = 0;  // of the largest fitted data and size
  double level = 0;                   // ln y of the run nearest to that corner
  double highest = 0;                 // largest ln y
};

struct PosteriorLaw {
  std::string_view name;  // of the table in laws.cpp
  std::size_t size;       // number of parameters
  // ln y of every run; x holds two values a run, x and z above; jacobian has rows of `size`, unless null.
  void (*evaluate)(const double* parameters, std::span<const double> x, double* log_y, double* jacobian);
  // Normal priors.
  void (*prior)(const Edge& edge, double* mean, double* deviation);
  // The parameters of the law as published, in the order of its entry in the table.
  std::vector<double> (*published)(const double* parameters, const Edge& edge);
};

std::span<const PosteriorLaw> posterior_laws();
// Null where there is no law of that name.
const PosteriorLaw* find_posterior_law(std::string_view name);

}  // namespace frugal::fit
