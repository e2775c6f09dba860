#include "fit/law/expression.h"

#include <array>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "support/test.h"

using namespace frugal;
using fit::Expression;

namespace {

double value_of(const std::string& text) { return Expression(text, {}, {}, "test").value({}, {}); }

std::string error_of(const std::string& text) {
  try {
    Expression(text, {"N", "D"}, {"E", "A", "alpha"}, "a.json:/law");
  } catch (const base::UserError& error) {
    return std::string(error.what()) + "|" + error.hint();
  }
  return "no error";
}

}  // namespace

TEST_CASE("an expression follows the rules of arithmetic") {
  CHECK(value_of("1 + 2*3") == 7);
  CHECK(value_of("(1 + 2)*3") == 9);
  CHECK(value_of("2^3^2") == 512);
  CHECK(value_of("-2^2") == -4);
  CHECK(value_of("2^-1") == 0.5);
  CHECK(value_of("8/4/2") == 1);
  CHECK(value_of("8 - 4 - 2") == 2);
  CHECK(value_of("- - 3") == 3);
  CHECK(value_of("1.5e3 + .5") == 1500.5);
  CHECK(value_of("exp(log(3)) * sqrt(4) + abs(-1) + min(2, 3) + max(2, 3) + pow(2, 3)") == Approx(20));
}

TEST_CASE("derivatives by the parameters agree with differences") {
  const std::vector<std::string> texts = {
      "E + A/N^alpha + B/D^beta",
      "exp(E) + (A/N)^alpha * sqrt(B + D)",
      "log(1 + E*N^-alpha) - abs(A - B)*beta",
      "max(E/N^alpha, A/D^beta) + min(B, 3)*E - pow(A, B)/beta",
      "((A/N)^(alpha/beta) + B/D)^beta + E^1 + (E*E)^2",
  };
  const std::vector<std::string> names = {"E", "A", "alpha", "B", "beta"};
  base::Random random(1);
  for (const std::string& text : texts) {
    const Expression expression(text, {"N", "D"}, names, "test");
    for (int trial = 0; trial < 20; ++trial) {
      const std::array<double, 2> variables = {1 + 10 * random.uniform(), 1 + 10 * random.uniform()};
      std::array<double, 5> parameters, gradient;
      for (double& p : parameters) p = 0.2 + random.uniform();
      const double value = expression.value_and_gradient(variables, parameters, gradient);
      CHECK(value == expression.value(variables, parameters));
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        const double step = 1e-6;
        auto up = parameters, down = parameters;
        up[i] += step;
        down[i] -= step;
        const double difference =
            (expression.value(variables, up) - expression.value(variables, down)) / (2 * step);
        INFO(text << " by " << names[i]);
        CHECK(gradient[i] == Approx(difference).epsilon(1e-5).margin(1e-7));
      }
    }
  }
}

TEST_CASE("what is wrong in an expression is shown with a caret under it") {
  CHECK(error_of("E + A/M^alpha") ==
        "a.json:/law: column 7: unknown name 'M'\n  E + A/M^alpha\n        ^|did you mean 'E'?");
  CHECK(error_of("E + A/N^alpa").find("did you mean 'alpha'?") != std::string::npos);
  CHECK(error_of("E + ").find("column 5: the expression ends") != std::string::npos);
  CHECK(error_of("2 N").find("column 3: an operator is missing here") != std::string::npos);
  CHECK(error_of("(E + A").find("column 1: a ')' is missing for the '('") != std::string::npos);
  CHECK(error_of("E)").find("column 2: a ')' without its '('") != std::string::npos);
  CHECK(error_of("N**2").find("a power is written with ^") != std::string::npos);
  CHECK(error_of("lg(N)").find("unknown function 'lg'") != std::string::npos);
  CHECK(error_of("min(N)").find("min takes 2 arguments, got 1") != std::string::npos);
  CHECK(error_of("E + $").find("column 5: a number, a name or '(' should be here, not '$'") !=
        std::string::npos);
  CHECK(error_of("").find("the expression is empty") != std::string::npos);
  CHECK(error_of(std::string(5000, '(')).find("too long") != std::string::npos);
  CHECK(error_of(std::string(4000, '(')).find("nested too deeply") != std::string::npos);
  CHECK(error_of(std::string(4000, '-')).find("nested too deeply") != std::string::npos);
  CHECK(error_of("2^" + std::string(900, '2')).find("this is no number") != std::string::npos);
}

TEST_CASE("names of a text are found before they are declared") {
  CHECK(Expression::names_in("E + A/N^alpha + exp(E)", "test") ==
        std::vector<std::string>{"E", "A", "N", "alpha"});
}
