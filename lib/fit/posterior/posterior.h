// Size and data, from few and noisy runs to many: the laws of law.h with priors, each with a
// GP discrepancy around it (Kennedy, O'Hagan 2001) and noise from run to run,
//   ln y = law(x, z) + discrepancy(x, z) + noise.
// No law follows the runs exactly; what it misses is shared by neighbouring runs, and by all that lies beyond
// them. The discrepancy is a Gaussian process (GP) of covariance τ² s s' k(x − x') k(z − z'), k the Matérn
// 3/2 function of length ℓ, and s = (compute / largest compute)^−p: laws hold best where much compute was
// spent.
//
// A run that was trained too little or badly tuned can only be too high, and by far more than its noise: with
// a probability of 3 % a run is one, and ln y has a deviation of 0.2 more. Without this one such run would
// pass for a large discrepancy.
//
// For each law and each (τ, p, σ) of a lattice the most probable parameters are found, with the curvature
// there (Laplace's approximation); the evidence weights them all. So the noise, the size of the discrepancy
// and the law are averaged over, not chosen; repeated runs say what the noise is. The lattice has no ends
// (but the precision of numbers): each law climbs to its own best point and from there visits all that are
// nearly as likely, so that runs without noise say that there is none, and a law that holds exactly is
// recovered. A prediction is the mean and the standard deviation of ln y under that mixture: parameters,
// discrepancy and noise all count.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "fit/posterior/cells.h"
#include "fit/posterior/law.h"
#include "fit/runs/runs.h"

namespace frugal::fit {

inline constexpr int posterior_starts = 4;  // of each law

struct PosteriorOptions {
  std::vector<std::string> laws = {"chinchilla", "overtraining", "rosenfeld", "kaplan"};
  std::vector<double> steepness = {0, 0.1, 0.2};  // p
  double length = 1;                              // ℓ, in ln
  double outlier_variance = 0.04;                 // added to ln y of a run that was trained too little
  std::size_t most_cells = 200;                   // more runs are averaged in cells of ln data and ln size
  bool first_priors = false;  // covariances that are found anew have the priors of the first version
};

// What lies between a law and the runs.
struct ErrorModel {
  double amplitude = 0, steepness = 0, noise = 0;  // τ, p, σ
  bool operator==(const ErrorModel&) const = default;
};

// One law at one (τ, p, σ).
struct PosteriorPart : ErrorModel {
  const PosteriorLaw* law = nullptr;
  double weight = 0;
  std::vector<std::size_t> outliers;  // cells taken for under-trained
  std::vector<double> parameters;
  double gradient = 0;             // largest |∂ ln posterior|
  double agreement = 0;            // share of the starts that ended there
  std::vector<double> covariance;  // [size × size], of the parameters
};

class Posterior {
 public:
  // Needs columns size and data, and four distinct cells of both; UserError otherwise.
  static Posterior fit(const Runs& runs, const PosteriorOptions& options = {});
  // parts as those of an earlier fit to the same runs: law, τ, p, σ, weight, outliers, parameters and, unless
  // it is to be found anew, covariance.
  static Posterior restore(const Runs& runs, std::vector<PosteriorPart> parts,
                           const PosteriorOptions& options = {});

  struct Moments {
    double mean = 0, deviation = 0;  // of ln y of one new run
  };
  Moments at(double size, double data) const;
  // The mean of ln y by the laws alone, without the discrepancy: smooth between runs, so what optima are
  // looked for on.
  double log_laws(double size, double data) const;
  // The law's own ln y at one part's parameters, without discrepancy.
  double log_law(const PosteriorPart& part, const double* parameters, double size, double data) const;

  const std::vector<PosteriorPart>& parts() const { return parts_; }
  const Edge& edge() const { return cells_.edge; }
  const PosteriorOptions& options() const { return options_; }
  // Scales whose runs are more likely under-trained than not.
  struct Outlier {
    double size, data, probability;
  };
  std::vector<Outlier> outliers() const;
  // Parameters of the part drawn from its normal approximation; normals: part.law->size of them.
  std::vector<double> draw(const PosteriorPart& part, const std::vector<double>& normals) const;

 private:
  // What parts of one (τ, p, σ) share: the covariance of the cells' ln y.
  struct CellCovariance : ErrorModel {
    std::vector<std::size_t> outliers;
    std::vector<double> factor;   // lower Cholesky factor
    double log_determinant;       // of that factor
    std::vector<double> inverse;  // of that factor; only while outliers are looked for
  };
  // A part made ready for predictions.
  struct Ready {
    std::size_t covariance;
    std::vector<double> residual, jacobian;  // whitened
  };

  Posterior(const Runs& runs, const PosteriorOptions& options);
  CellCovariance covariance(const ErrorModel& model, std::vector<std::size_t> outliers) const;
  friend class Search;
  // The law at one (τ, p, σ), from the starts; weight: ln evidence.
  PosteriorPart fit_part(const PosteriorLaw& law, const CellCovariance& covariance,
                         const std::vector<std::vector<double>>& starts) const;
  // Makes these its parts, without the tail of the mixture; weights from ln evidence to shares.
  void keep_likeliest(std::vector<PosteriorPart> parts);
  // The same with the factor's inverse.
  CellCovariance with_inverse(const ErrorModel& model, std::vector<std::size_t> outliers) const;
  // Takes cells for under-trained as long as one is likelier so than not; fits the part anew with each.
  // Gives up where its ln evidence will hardly reach `useful`.
  void mark_outliers(const CellCovariance& plain, PosteriorPart& part, double useful) const;
  // The cell most likely under-trained, if any is, and how much ln evidence to call it so gains.
  struct Worst {
    std::size_t cell;
    double gain;
  };
  std::optional<Worst> worst_cell(const CellCovariance& covariance, const PosteriorPart& part) const;
  void whiten(const CellCovariance& covariance, double* rows, std::size_t columns) const;
  // ln y − law and the law's jacobian at the cells, whitened.
  void whitened(const CellCovariance& covariance, const PosteriorPart& part, std::vector<double>& residual,
                std::vector<double>& jacobian) const;
  double evidence(const CellCovariance& covariance, PosteriorPart& part,
                  const std::vector<std::vector<double>>& starts) const;
  // Fills part.covariance, deviation those of the parameters' priors; half the logarithm of the determinant
  // of its inverse, infinite where there is none.
  double set_covariance(const CellCovariance& covariance, PosteriorPart& part,
                        const std::vector<double>& deviation) const;
  void make_ready();

  PosteriorOptions options_;
  Cells cells_;
  std::vector<double> closeness_;  // correlation of the discrepancy at two cells
  std::vector<PosteriorPart> parts_;
  std::vector<CellCovariance> covariances_;
  std::vector<Ready> ready_;
};

}  // namespace frugal::fit
