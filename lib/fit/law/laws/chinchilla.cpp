// Laws of the form E + A/N^α + B/D^β: chinchilla, overtraining, data_constrained, and what overtraining's
// paper says of downstream errors.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "fit/law/law.h"
#include "fit/law/laws.h"
#include "fit/numeric/vector_math.h"

namespace frugal::fit::laws {
namespace {

// Parameters 0, 1, 2 are E, A, B, which are linear once the exponents are known; α and β may be one
// parameter.
class TwoPowers : public Law {
 public:
  // Where theta holds the exponents of size and of data.
  TwoPowers(std::size_t size_exponent, std::size_t data_exponent)
      : size_exponent_(size_exponent), data_exponent_(data_exponent) {}

  void evaluate(const double* theta, const Inputs& in, double* y, double* jacobian) const override {
    const std::size_t n = in.count;
    const double* log_x[] = {in.log_value[0].data(), in.log_value[1].data()};
    const std::size_t exponent[] = {size_exponent_, data_exponent_};
    thread_local std::vector<double> scratch;
    if (!jacobian) scratch.resize(2 * n);
    double* power = jacobian ? jacobian + n : scratch.data();  // of size, then of data
    for (std::size_t k = 0; k < 2; ++k) vector_exp_scaled(-theta[exponent[k]], log_x[k], power + k * n, n);
    for (std::size_t i = 0; i < n; ++i) y[i] = theta[0] + theta[1] * power[i] + theta[2] * power[n + i];
    if (!jacobian) return;
    for (std::size_t i = 0; i < n; ++i) jacobian[i] = 1;
    double *by_size = jacobian + size_exponent_ * n, *by_data = jacobian + data_exponent_ * n;
    for (std::size_t i = 0; i < n; ++i) by_size[i] = -theta[1] * log_x[0][i] * power[i];
    if (by_data == by_size) {
      for (std::size_t i = 0; i < n; ++i) by_data[i] -= theta[2] * log_x[1][i] * power[n + i];
    } else {
      for (std::size_t i = 0; i < n; ++i) by_data[i] = -theta[2] * log_x[1][i] * power[n + i];
    }
  }

  // By differences where the exponents are one parameter.
  bool add_curvature(const double*, const Inputs& in, const double* jacobian, const double* v,
                     double* hessian) const override {
    if (size_exponent_ == data_exponent_) return false;
    const std::size_t n = in.count, p = parameter_count();
    const std::size_t exponent[] = {size_exponent_, data_exponent_};
    for (std::size_t k = 0; k < 2; ++k) {
      const std::size_t coefficient = 1 + k, e = exponent[k];
      const double* log_x = in.log_value[k].data();
      const double mixed = dot(v, log_x, jacobian + coefficient * n, n);
      hessian[coefficient * p + e] -= mixed;
      hessian[e * p + coefficient] -= mixed;
      hessian[e * p + e] -= dot(v, log_x, jacobian + e * n, n);
    }
    return true;
  }

  std::vector<std::size_t> linear() const override { return {0, 1, 2}; }

  bool linearise(const double* theta, const Inputs& in, const double*, double* basis, double*,
                 double*) const override {
    const std::size_t n = in.count;
    vector_exp_scaled(-theta[size_exponent_], in.log_value[0].data(), basis + n, n);
    vector_exp_scaled(-theta[data_exponent_], in.log_value[1].data(), basis + 2 * n, n);
    return true;
  }

  bool from_units(double* theta, const double* log_unit) const override {
    theta[1] *= std::exp(theta[size_exponent_] * log_unit[0]);
    theta[2] *= std::exp(theta[data_exponent_] * log_unit[1]);
    return true;
  }

 private:
  std::size_t size_exponent_, data_exponent_;
};

// Hoffmann et al. 2022, "Training Compute-Optimal Large Language Models", approach 3 (equation 2):
// L(N, D) = E + A/N^α + B/D^β.
class Chinchilla : public TwoPowers {
 public:
  Chinchilla() : TwoPowers(3, 4) {
    name = "chinchilla";
    formula = "E + A/size^alpha + B/data^beta";
    source = "Hoffmann et al. 2022, approach 3";
    variables = {variable::size, variable::data};
    parameters = {{"E", "irreducible loss", 0, 1e300, 1e-3, 1e1, true},
                  {"A", "coefficient of size", 0, 1e300, 1e-3, 1e4, true},
                  {"B", "coefficient of data", 0, 1e300, 1e-3, 1e4, true},
                  {"alpha", "exponent of size", 0, 3, 0.02, 1.5, true},
                  {"beta", "exponent of data", 0, 3, 0.02, 1.5, true}};
  }
};

// Gadre et al. 2024, "Language models scale reliably with over-training and on downstream tasks", equation 4:
// with one exponent for both, L = E + a N^-η + b (M N)^-η, M = D/N tokens a parameter, so that runs of one M
// are parallel lines over compute; and equation 5: the downstream error ε − k e^(−γ L).
class Overtraining : public TwoPowers {
 public:
  Overtraining() : TwoPowers(3, 3) {
    name = "overtraining";
    formula = "E + a/size^eta + b/data^eta";
    source = "Gadre et al. 2024, eq. 4";
    variables = {variable::size, variable::data};
    parameters = {{"E", "irreducible loss", 0, 1e300, 1e-3, 1e1, true},
                  {"a", "coefficient of size", 0, 1e300, 1e-3, 1e4, true},
                  {"b", "coefficient of data", 0, 1e300, 1e-3, 1e4, true},
                  {"eta", "exponent of size and of data", 0, 3, 0.02, 1.5, true}};
  }
};

class Downstream : public Law {
 public:
  Downstream() {
    name = "downstream";
    formula = "eps - k*exp(-gamma*loss)";
    source = "Gadre et al. 2024, eq. 5";
    variables = {variable::loss};
    parameters = {{"eps", "error of a model that knows nothing", 0, 1e300, 1e-3, 1e1, true},
                  {"k", "coefficient", 0, 1e300, 1e-3, 1e4, true},
                  {"gamma", "rate in the loss", 0, 50, 0.02, 5, true}};
  }

  void evaluate(const double* theta, const Inputs& in, double* y, double* jacobian) const override {
    const std::size_t n = in.count;
    const double* loss = in.value[0].data();
    vector_exp_scaled(-theta[2], loss, y, n);
    for (std::size_t i = 0; i < n; ++i) {
      const double decay = y[i];
      y[i] = theta[0] - theta[1] * decay;
      if (!jacobian) continue;
      jacobian[i] = 1;
      jacobian[n + i] = -decay;
      jacobian[2 * n + i] = theta[1] * loss[i] * decay;
    }
  }

  std::vector<std::size_t> linear() const override { return {0, 1}; }

  bool linearise(const double* theta, const Inputs& in, const double*, double* basis, double*,
                 double*) const override {
    const std::size_t n = in.count;
    vector_exp_scaled(-theta[2], in.value[0].data(), basis + n, n);
    for (std::size_t i = 0; i < n; ++i) basis[n + i] = -basis[n + i];
    return true;
  }
};

// Muennighoff et al. 2023, "Scaling Data-Constrained Language Models", equations 5 and 6: the chinchilla law
// on effective size and data. Of D tokens, U_D = min(D, unique) are distinct and the rest, R_D = D/U_D − 1
// repetitions, wears out: D' = U_D + U_D R*_D (1 − e^(−R_D/R*_D)). Likewise N' with U_N = min(N, the size
// that is compute-optimal for U_D), which is where α A/U_N^α = β B/U_D^β. Published: R*_D = 15.39, R*_N
// = 5.31.
class DataConstrained : public TwoPowers {
 public:
  DataConstrained() : TwoPowers(3, 4) {
    name = "data_constrained";
    formula = "E + A/N'^alpha + B/D'^beta, N' and D' effective size and data after repetition";
    source = "Muennighoff et al. 2023, eq. 5-6";
    variables = {variable::size, variable::data, variable::unique_data};
    // A and B divide each other in the compute-optimal size, so neither may be 0.
    parameters = {{"E", "irreducible loss", 0, 1e300, 1e-3, 1e1, true},
                  {"A", "coefficient of size", 1e-8, 1e300, 1e-3, 1e4, true},
                  {"B", "coefficient of data", 1e-8, 1e300, 1e-3, 1e4, true},
                  {"alpha", "exponent of size", 1e-3, 3, 0.05, 1.5, true},
                  {"beta", "exponent of data", 1e-3, 3, 0.05, 1.5, true},
                  {"R_data", "repetitions after which data wears out", 0.05, 1e4, 1, 60, true},
                  {"R_size", "excess size after which it wears out", 0.05, 1e4, 0.5, 60, true}};
  }

  void evaluate(const double* theta, const Inputs& in, double* y, double* jacobian) const override {
    const std::size_t n = in.count;
    const double A = theta[1], B = theta[2], alpha = theta[3], beta = theta[4];
    const double balance = std::log(alpha * A / (beta * B));
    for (std::size_t i = 0; i < n; ++i) {
      const double size = in.value[0][i], data = in.value[1][i];
      const double unique = std::min(data, in.value[2][i]), log_unique = std::log(unique);
      const Effective d = effective_amount(data, unique, theta[5]);
      const double log_best = (beta * log_unique + balance) / alpha;
      const bool beyond = log_best < in.log_value[0][i];  // larger than is optimal for the distinct data
      const double best = std::exp(log_best);
      const Effective m = beyond ? effective_amount(size, best, theta[6]) : Effective{size, 0, 0};
      const double log_m = std::log(m.value), log_d = std::log(d.value);
      const double of_size = std::exp(-alpha * log_m), of_data = std::exp(-beta * log_d);
      y[i] = theta[0] + A * of_size + B * of_data;
      if (!jacobian) continue;
      const double by_m = -alpha * A * of_size / m.value, by_d = -beta * B * of_data / d.value;
      const double by_log_best = by_m * m.by_unique * best;
      jacobian[i] = 1;
      jacobian[n + i] = of_size + by_log_best / (alpha * A);
      jacobian[2 * n + i] = of_data - by_log_best / (alpha * B);
      jacobian[3 * n + i] = -A * log_m * of_size + by_log_best * (1 / alpha - log_best) / alpha;
      jacobian[4 * n + i] = -B * log_d * of_data + by_log_best * (log_unique - 1 / beta) / alpha;
      jacobian[5 * n + i] = by_d * d.by_rate;
      jacobian[6 * n + i] = by_m * m.by_rate;
    }
  }

  // By differences: size and data as they count depend on the parameters too.
  bool add_curvature(const double*, const Inputs&, const double*, const double*, double*) const override {
    return false;
  }

  // Only nearly separable: the compute-optimal size depends on A/B. The scan takes the size as it is.
  bool linearise(const double* theta, const Inputs& in, const double*, double* basis, double*,
                 double*) const override {
    const std::size_t n = in.count;
    vector_exp_scaled(-theta[3], in.log_value[0].data(), basis + n, n);
    for (std::size_t i = 0; i < n; ++i) {
      const double data = in.value[1][i];
      basis[2 * n + i] =
          std::pow(effective_amount(data, std::min(data, in.value[2][i]), theta[5]).value, -theta[4]);
    }
    return true;
  }

  void share_units(double* log_unit) const override { log_unit[2] = log_unit[1]; }
};

}  // namespace

std::shared_ptr<const Law> chinchilla() { return std::make_shared<Chinchilla>(); }
std::shared_ptr<const Law> data_constrained() { return std::make_shared<DataConstrained>(); }
std::shared_ptr<const Law> overtraining() { return std::make_shared<Overtraining>(); }
std::shared_ptr<const Law> downstream() { return std::make_shared<Downstream>(); }

}  // namespace frugal::fit::laws
