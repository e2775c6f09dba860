// Gadre et al. 2024, "Language models scale reliably with over-training and on downstream tasks", equation 4:
// with one exponent for both, L = E + a N^-η + b (M N)^-η, M = D/N tokens a parameter, so that runs of one M
// are parallel lines over compute; and equation 5: the downstream error ε − k e^(−γ L).

#include "fit/law/laws.h"
#include "fit/law/laws/two_powers.h"
#include "fit/numeric/vector_math.h"

namespace frugal::fit::laws {
namespace {

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

  bool linearise(const double* theta, const Inputs& in, const double* y, double* basis, double* target,
                 double* scale) const override {
    const std::size_t n = in.count;
    vector_exp_scaled(-theta[2], in.value[0].data(), basis + n, n);
    for (std::size_t i = 0; i < n; ++i) {
      basis[i] = 1;
      basis[n + i] = -basis[n + i];
      target[i] = y[i];
      scale[i] = 1 / y[i];
    }
    return true;
  }
};

}  // namespace

std::shared_ptr<const Law> overtraining() { return std::make_shared<Overtraining>(); }
std::shared_ptr<const Law> downstream() { return std::make_shared<Downstream>(); }

}  // namespace frugal::fit::laws
