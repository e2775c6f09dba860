// A scaling law: a function of a run's variables and a few parameters, with its derivatives. Everything that
// fits, resamples or decides works on this interface; a new law is one file and one line of the table in
// law.cpp, and the gradient check of the tests loops over that table.
//
// Many laws are linear in some parameters once the others are known ("separable"; Golub, Pereyra 1973). A law
// that says so through linear() and linearise() is fitted globally by a scan over the few other parameters
// with a non-negative least squares inside; the rest by many random starts.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "fit/runs/runs.h"

namespace frugal::fit {

struct Parameter {
  std::string name;
  std::string meaning;
  double lower, upper;              // hard bounds of the fit
  double start_lower, start_upper;  // where the global search looks; within the bounds
  bool start_log = false;           // draw starts log-uniformly
};

// The variables that a law uses, in the order of Law::variables(), with their logarithms.
struct Inputs {
  std::size_t count = 0;
  std::vector<std::vector<double>> value, log_value;
};

class Law {
 public:
  virtual ~Law() = default;

  std::string name, formula, source;
  std::vector<std::string> variables;
  std::vector<Parameter> parameters;
  // How many times as often as usual the search makes a perturbed restart (fit.h): more where neighbouring
  // minima are hard to leave.
  int restart_factor = 1;

  // y[i] for every run; where jacobian is not null, jacobian[p * count + i] = ∂y[i]/∂theta[p].
  virtual void evaluate(const double* theta, const Inputs& inputs, double* y, double* jacobian) const = 0;

  // hessian[p * parameters + q] += Σᵢ v[i] ∂²y[i]/∂theta[p]∂theta[q], both triangles; jacobian is that of
  // evaluate at theta. Returning false (the default) asks for finite differences of the jacobian instead.
  virtual bool add_curvature(const double* theta, const Inputs& inputs, const double* jacobian,
                             const double* v, double* hessian) const;

  // Indices of the parameters that are linear and non-negative once the others are known; empty: none.
  virtual std::vector<std::size_t> linear() const;
  // Given the other parameters in theta: basis[k * count + i] and target[i], scale[i], such that
  // (Σ_k basis_k c_k − target) · scale is, to first order, the relative error (ŷ − y)/y. They come as 1, y
  // and 1/y. Returns false where y lies outside of what these parameters can reach.
  virtual bool linearise(const double* theta, const Inputs& inputs, const double* y, double* basis,
                         double* target, double* scale) const;
  // Puts the coefficients found with that basis into theta; the default is theta[linear()[k]] = c[k].
  virtual void set_linear(double* theta, const double* coefficients) const;

  // Change of units: theta that fits variables divided by exp(log_unit[v]) becomes theta for the variables as
  // they were; with −log_unit the way back. false (the default) means that the law has no such rule, and its
  // variables stay as they are.
  virtual bool from_units(double* theta, const double* log_unit) const;
  // Makes variables of one kind (data and unique data) share a unit; by default each has its own.
  virtual void share_units(double* log_unit) const;

  std::size_t parameter_count() const { return parameters.size(); }
  std::size_t index_of(const std::string& parameter) const;  // UserError with a suggestion
};

// The columns that the law needs, taken from points; log_unit[v] is subtracted from every logarithm.
Inputs inputs_of(const Law& law, const Runs& points, const std::vector<double>& log_unit = {});

// ŷ of every point.
std::vector<double> predict(const Law& law, const std::vector<double>& theta, const Runs& points);

// Data that repeats counts for less: of D examples, U = min(D, unique) are distinct and R = D/U − 1
// repetitions wear out, D' = U + U r (1 − e^(−R/r)) (Muennighoff et al. 2023, equation 5).
// x' of x examples (or parameters) of which `unique` are distinct, with its derivatives. rate: r.
struct Effective {
  double value, by_unique, by_rate;
};
Effective effective_amount(double x, double unique, double rate);

// At the published rate, R*_D = 15.39.
double effective_data(double data, double unique_data);

// Runs with that in place of their data. Runs without unique_data come back as they are.
Runs with_effective_data(Runs runs);

// The table.
struct LawEntry {
  const char* name;
  std::shared_ptr<const Law> (*make)();
};
const std::vector<LawEntry>& law_table();
std::vector<std::string> law_names();
std::shared_ptr<const Law> find_law(const std::string& name);  // UserError with a suggestion

}  // namespace frugal::fit
