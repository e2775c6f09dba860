// Expressions: any text is refused with a UserError, or has a value; the value with its gradient is the same
// one.
#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "fit/law/expression.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  try {
    const fit::Expression expression(text, {"N", "D"}, {"E", "A", "a"}, "input");
    const std::array<double, 2> variables = {3.5, 20};
    const std::array<double, 3> parameters = {0.5, 2, 0.3};
    std::array<double, 3> gradient{};
    const double value = expression.value(variables, parameters);
    const double again = expression.value_and_gradient(variables, parameters, gradient);
    FRUGAL_ASSERT(value == again || (std::isnan(value) && std::isnan(again)), "one value");
    FRUGAL_ASSERT(expression.degree({1, 1, 1}) >= 0, "a degree");
    for (std::size_t p = 0; p < gradient.size(); ++p) {
      FRUGAL_ASSERT(expression.uses_parameter(p) || gradient[p] == 0, "no slope without the parameter");
    }
  } catch (const base::UserError&) {
  }
  try {
    fit::Expression::names_in(text, "input");
  } catch (const base::UserError&) {
  }
  return 0;
}
