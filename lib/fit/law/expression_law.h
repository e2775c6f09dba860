// A law that the user writes, as a Law that everything else works on. Its variables go by the letters of the
// papers: N, m or size; D, n or data; C or compute; U or unique_data; density; x for a curve of one variable.
// Names that are none of these are its parameters.
//
// Parameters that the expression is linear in (and that are not bounded above) are found from the text, so
// that the search is over the few others only (law.h, "separable").
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "fit/law/expression.h"
#include "fit/law/law.h"

namespace frugal::fit {

struct ExpressionParameter {
  std::string name;
  double lower = 0, upper = 1e300;
  double start_lower = 1e-3, start_upper = 1e3;  // drawn log-uniformly where lower >= 0
  void visit(config::Visitor& v);
};

// place: where the text stands, for errors. Errors: UserError (syntax, a parameter declared that the text
// does not use, a start outside the bounds).
std::shared_ptr<const Law> make_expression_law(const std::string& text,
                                               const std::vector<ExpressionParameter>& declared,
                                               const std::string& place);

// Cost of a run, C(N, D): for example "6*N*D". Knows no parameters.
class Cost {
 public:
  explicit Cost(const std::string& text = "6*N*D", const std::string& place = "cost");
  double operator()(double size, double data) const;
  // The data that a budget buys at this size (the cost grows with data); NaN where it buys none.
  double data_for(double budget, double size) const;
  double size_for(double budget, double data) const;
  const std::string& text() const { return expression_.text(); }

 private:
  Expression expression_;
};

}  // namespace frugal::fit
