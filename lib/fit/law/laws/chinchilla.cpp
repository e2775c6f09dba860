// Hoffmann et al. 2022, "Training Compute-Optimal Large Language Models", approach 3 (equation 2):
// L(N, D) = E + A/N^α + B/D^β.
#include "fit/law/laws.h"
#include "fit/law/laws/two_powers.h"
#include "fit/numeric/vector_math.h"

#include <cmath>

namespace frugal::fit::laws {
namespace {

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

  void evaluate(const double* theta, const Inputs& in, double* y, double* jacobian) const override {
    const std::size_t n = in.count;
    thread_local std::vector<double> scratch;
    if (!jacobian) scratch.resize(2 * n);
    double* of_size = jacobian ? jacobian + n : scratch.data();
    double* of_data = jacobian ? jacobian + 2 * n : scratch.data() + n;
    vector_exp_scaled(-theta[3], in.log_value[0].data(), of_size, n);
    vector_exp_scaled(-theta[4], in.log_value[1].data(), of_data, n);
    for (std::size_t i = 0; i < n; ++i) y[i] = theta[0] + theta[1] * of_size[i] + theta[2] * of_data[i];
    if (!jacobian) return;
    const double *log_size = in.log_value[0].data(), *log_data = in.log_value[1].data();
    for (std::size_t i = 0; i < n; ++i) jacobian[i] = 1;
    for (std::size_t i = 0; i < n; ++i) jacobian[3 * n + i] = -theta[1] * log_size[i] * of_size[i];
    for (std::size_t i = 0; i < n; ++i) jacobian[4 * n + i] = -theta[2] * log_data[i] * of_data[i];
  }

  bool add_curvature(const double*, const Inputs& in, const double* jacobian, const double* v,
                     double* hessian) const override {
    const std::size_t n = in.count;
    for (std::size_t k = 0; k < 2; ++k) {
      const double* log_x = in.log_value[k].data();
      const double* power = jacobian + (1 + k) * n;
      const double first = dot(v, log_x, power, n);
      const double second = -dot(v, log_x, jacobian + (3 + k) * n, n);
      hessian[(1 + k) * 5 + 3 + k] -= first;
      hessian[(3 + k) * 5 + 1 + k] -= first;
      hessian[(3 + k) * 5 + 3 + k] += second;
    }
    return true;
  }
};

}  // namespace

std::shared_ptr<const Law> chinchilla() { return std::make_shared<Chinchilla>(); }

}  // namespace frugal::fit::laws
