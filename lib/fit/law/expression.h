// A law or a cost that the user writes: "E + A/N^alpha + B/D^beta". A small parser (numbers, names, + − * /
// ^, parentheses, exp log sqrt pow min max abs) into a list of operations in order of evaluation, and
// derivatives by the parameters by going back through that list (reverse mode).
//
// Non-goals: strings, conditions, assignments, derivatives by the variables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace frugal::fit {

struct ExpressionRule;  // an operator or a function

class Expression {
 public:
  Expression() = default;

  // `variables` and `parameters` are the names that the text may use; their order is the order of the values
  // given later. `place` is what errors begin with ("a.json:/law/expression"). Errors: UserError with the
  // column, the text and a caret under the place.
  Expression(std::string text, const std::vector<std::string>& variables,
             const std::vector<std::string>& parameters, const std::string& place);

  double value(std::span<const double> variables, std::span<const double> parameters) const;

  // The value, and d value / d parameter into `gradient` (as long as `parameters`; overwritten).
  double value_and_gradient(std::span<const double> variables, std::span<const double> parameters,
                            std::span<double> gradient) const;

  bool empty() const { return operations_.empty(); }
  const std::string& text() const { return text_; }
  bool uses_variable(std::size_t index) const { return uses(Kind::variable, index); }
  bool uses_parameter(std::size_t index) const { return uses(Kind::parameter, index); }

  // Degree of the expression as a polynomial in the parameters that are marked (0, 1, …); 2 stands for two,
  // more, or no polynomial at all.
  int degree(const std::vector<char>& marked) const;

  // Names in the text that are not functions, in order of appearance, each once: to find out which
  // parameters a text has before they are declared.
  static std::vector<std::string> names_in(const std::string& text, const std::string& place);

 private:
  friend class ExpressionParser;
  enum class Kind : std::uint8_t { constant, variable, parameter, rule };
  struct Operation {
    Kind kind;
    const ExpressionRule* rule;
    std::uint32_t a, b;  // operands: earlier operations; or the index of a variable or parameter
    double constant;
  };

  bool uses(Kind kind, std::size_t index) const;
  void evaluate(std::span<const double> variables, std::span<const double> parameters,
                std::span<double> values) const;

  std::string text_;
  std::vector<Operation> operations_;  // the last one is the result
};

}  // namespace frugal::fit
