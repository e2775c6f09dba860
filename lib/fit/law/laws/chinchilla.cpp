// Hoffmann et al. 2022, "Training Compute-Optimal Large Language Models", approach 3 (equation 2):
// L(N, D) = E + A/N^α + B/D^β.
#include "fit/law/laws.h"
#include "fit/law/laws/two_powers.h"

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
};

}  // namespace

std::shared_ptr<const Law> chinchilla() { return std::make_shared<Chinchilla>(); }

}  // namespace frugal::fit::laws
