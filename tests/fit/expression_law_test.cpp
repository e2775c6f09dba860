#include "fit/law/expression_law.h"

#include <cmath>
#include <functional>

#include "base/error.h"
#include "base/random.h"
#include "fit/law/fit.h"
#include "support/test.h"

using namespace frugal;

namespace {

fit::Runs grid() {
  fit::Runs points;
  std::vector<double> size, data;
  for (const double n : {1e6, 4e6, 16e6, 64e6}) {
    for (const double d : {1e8, 3e8, 9e8, 27e8}) {
      size.push_back(n);
      data.push_back(d);
      points.y.push_back(1.7 + 400 / std::pow(n, 0.34) + 410 / std::pow(d, 0.28));
    }
  }
  points.set_column("size", size);
  points.set_column("data", data);
  return points;
}

std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const base::UserError& error) {
    return std::string(error.what()) + "|" + error.hint();
  }
  return "no error";
}

}  // namespace

TEST_CASE("the user's expression is fitted as well as the law of the table that it spells") {
  const auto law = fit::make_expression_law("E + A/N^alpha + B/D^beta", {}, "test");
  REQUIRE(law->variables == std::vector<std::string>{"size", "data"});
  const fit::Runs points = grid();
  const fit::FitResult ours = fit::fit(*law, points);
  CHECK(ours.log_rmse < 1e-8);
  CHECK(ours.theta[law->index_of("alpha")] == Approx(0.34).epsilon(1e-5));
  CHECK(ours.theta[law->index_of("E")] == Approx(1.7).epsilon(1e-5));
}

TEST_CASE("linear parameters are found from the text") {
  const auto names = [](const std::string& text) {
    const auto law = fit::make_expression_law(text, {}, "test");
    std::string out;
    for (const std::size_t k : law->linear()) out += law->parameters[k].name + " ";
    return out;
  };
  CHECK(names("E + A/N^alpha + B/D^beta") == "E A B ");
  CHECK(names("E + (A/N)^alpha") == "E ");
  CHECK(names("a*b/N^c") == "a ");  // a and b together are not linear
  CHECK(names("exp(a) + b*log(N)/(1 + c)") == "b ");
  fit::ExpressionParameter bounded;
  bounded.name = "E";
  bounded.upper = 2;
  bounded.start_upper = 2;
  CHECK(fit::make_expression_law("E + A/N^c", {bounded}, "test")->linear() == std::vector<std::size_t>{1});
}

TEST_CASE("what is wrong with a user's law or cost is said") {
  fit::ExpressionParameter stray;
  stray.name = "gama";
  CHECK(
      error_of([&] { fit::make_expression_law("E + A/N^gamma", {stray}, "a:/parameters"); }) ==
      "a:/parameters: parameter 'gama' is declared but the expression does not use it|did you mean 'gamma'?");
  CHECK(error_of([] { fit::make_expression_law("E + A", {}, "a"); }).find("uses no variable") !=
        std::string::npos);
  CHECK(error_of([] { fit::make_expression_law("N*D", {}, "a"); }).find("no parameter to fit") !=
        std::string::npos);
  CHECK(error_of([] { fit::Cost("6*N"); }).find("must depend on the size (N) and on the data (D)") !=
        std::string::npos);
  CHECK(error_of([] { fit::Cost("N - D"); }).find("must be > 0 and grow") != std::string::npos);
  CHECK(error_of([] { fit::Cost("6*N*Q"); }).find("unknown name 'Q'") != std::string::npos);
}

TEST_CASE("a cost is inverted for the data or the size that a budget buys") {
  for (const char* text : {"6*N*D", "6*N*D + 2e3*D", "6*N^1.1*D + sqrt(N)*D^1.2 + 1e9"}) {
    const fit::Cost cost(text);
    for (const double size : {1e4, 1e8}) {
      const double budget = cost(size, 3e9);
      CHECK(cost.data_for(budget, size) == Approx(3e9).epsilon(1e-9));
      CHECK(cost.size_for(budget, 3e9) == Approx(size).epsilon(1e-9));
    }
  }
  CHECK(std::isnan(fit::Cost("6*N*D + 1e9").data_for(1e6, 100)));
}
