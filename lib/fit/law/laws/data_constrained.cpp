// Muennighoff et al. 2023, "Scaling Data-Constrained Language Models", equations 5 and 6: the chinchilla law
// on effective size and data. Of D tokens, U_D = min(D, unique) are distinct and the rest, R_D = D/U_D − 1
// repetitions, wears out: D' = U_D + U_D R*_D (1 − e^(−R_D/R*_D)). Likewise N' with U_N = min(N, the size
// that is compute-optimal for U_D), which is where α A/U_N^α = β B/U_D^β. Published: R*_D = 15.39, R*_N
// = 5.31.
#include <algorithm>
#include <cmath>

#include "fit/law/effective_data.h"
#include "fit/law/laws.h"
#include "fit/law/laws/two_powers.h"
#include "fit/numeric/vector_math.h"

namespace frugal::fit::laws {
namespace {

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
  bool linearise(const double* theta, const Inputs& in, const double* y, double* basis, double* target,
                 double* scale) const override {
    const std::size_t n = in.count;
    vector_exp_scaled(-theta[3], in.log_value[0].data(), basis + n, n);
    for (std::size_t i = 0; i < n; ++i) {
      const double data = in.value[1][i];
      basis[i] = 1;
      basis[2 * n + i] =
          std::pow(effective_amount(data, std::min(data, in.value[2][i]), theta[5]).value, -theta[4]);
      target[i] = y[i];
      scale[i] = 1 / y[i];
    }
    return true;
  }

  void share_units(double* log_unit) const override { log_unit[2] = log_unit[1]; }
};

}  // namespace

std::shared_ptr<const Law> data_constrained() { return std::make_shared<DataConstrained>(); }

}  // namespace frugal::fit::laws
