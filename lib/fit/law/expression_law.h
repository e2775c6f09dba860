// A law that the user writes, as a Law that everything else works on. Its variables go by the letters of the
// papers: N, m or size; D, n or data; C or compute; U or unique_data; density; x for a curve of one variable.
// Columns of the table by their names may be variables too (`own_variables`); all other names are its
// parameters.
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

// place: where the text stands, for errors. own_variables: columns that are variables too, by their names.
// Errors: UserError (syntax, a parameter declared that the text does not use, a start outside the bounds).
std::shared_ptr<const Law> make_expression_law(const std::string& text,
                                               const std::vector<ExpressionParameter>& declared,
                                               const std::string& place,
                                               const std::vector<std::string>& own_variables = {});

// What the names of an expression are. A name that is a variable of the papers (N, D, …) or a column is a
// variable. Others are parameters where they are declared, or by their form: one letter or a Greek letter's
// name, with digits or _word behind it (E, A, alpha, beta_2, c0).
struct ExpressionNames {
  std::vector<std::string> own_variables;
};
// columns: of the table; declared: names of parameters. Errors: UserError for a name that is none of these,
// with the nearest one.
ExpressionNames names_of_expression(const std::string& text, const std::vector<std::string>& columns,
                                    const std::vector<std::string>& declared, const std::string& place);

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
