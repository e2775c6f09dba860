#include "fit/law/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/error.h"

namespace frugal::fit {
namespace {

constexpr int max_depth = 200;  // of nested parentheses: the parser calls itself
constexpr std::size_t max_length = 4096;

bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

// An operator or a function of x and y: its value; what it passes back to x and to y of the derivative d by
// its value v; and its degree in what x and y are of degree a and b in, 2 for more or for no polynomial.
struct ExpressionRule {
  const char* name;  // where it is written as a function
  int operands;
  double (*value)(double x, double y);
  double (*to_x)(double d, double x, double y, double v);
  double (*to_y)(double d, double x, double y, double v);
  int (*degree)(int a, int b);
};

namespace {

double all(double d, double, double, double) { return d; }
double minus(double d, double, double, double) { return -d; }
double none(double, double, double, double) { return 0; }
int same(int a, int) { return a; }
int larger(int a, int b) { return std::max(a, b); }
int together(int a, int b) { return std::min(a + b, 2); }
int over(int a, int b) { return b == 0 ? a : 2; }
int no_polynomial(int a, int b) { return a == 0 && b == 0 ? 0 : 2; }

constexpr ExpressionRule negate = {"", 1, [](double x, double) { return -x; }, minus, none, same};
constexpr ExpressionRule add = {"", 2, [](double x, double y) { return x + y; }, all, all, larger};
constexpr ExpressionRule subtract = {"", 2, [](double x, double y) { return x - y; }, all, minus, larger};
constexpr ExpressionRule multiply = {"",
                                     2,
                                     [](double x, double y) { return x * y; },
                                     [](double d, double, double y, double) { return d * y; },
                                     [](double d, double x, double, double) { return d * x; },
                                     together};
constexpr ExpressionRule divide = {"",
                                   2,
                                   [](double x, double y) { return x / y; },
                                   [](double d, double, double y, double) { return d / y; },
                                   [](double d, double, double y, double v) { return -(d * v / y); },
                                   over};
constexpr ExpressionRule power = {
    "pow", 2, [](double x, double y) { return std::pow(x, y); },
    [](double d, double x, double y, double) { return x == 0 && y == 1 ? d : d * y * std::pow(x, y - 1); },
    // log of a negative base has no derivative to give.
    [](double d, double x, double, double v) { return x > 0 ? d * v * std::log(x) : 0; }, no_polynomial};

constexpr auto log_value = [](double x, double) { return std::log(x); };
constexpr auto log_back = [](double d, double x, double, double) { return d / x; };
constexpr ExpressionRule functions[] = {
    {"exp", 1, [](double x, double) { return std::exp(x); },
     [](double d, double, double, double v) { return d * v; }, none, no_polynomial},
    {"log", 1, log_value, log_back, none, no_polynomial},
    {"sqrt", 1, [](double x, double) { return std::sqrt(x); },
     [](double d, double, double, double v) { return d / (2 * v); }, none, no_polynomial},
    {"abs", 1, [](double x, double) { return std::fabs(x); },
     [](double d, double x, double, double) { return x < 0 ? -d : d; }, none, no_polynomial},
    {"min", 2, [](double x, double y) { return std::min(x, y); },
     [](double d, double x, double y, double) { return x <= y ? d : 0; },
     [](double d, double x, double y, double) { return x <= y ? 0 : d; }, no_polynomial},
    {"max", 2, [](double x, double y) { return std::max(x, y); },
     [](double d, double x, double y, double) { return x >= y ? d : 0; },
     [](double d, double x, double y, double) { return x >= y ? 0 : d; }, no_polynomial},
    power,
    {"ln", 1, log_value, log_back, none, no_polynomial},
};

}  // namespace

// Recursive descent: sum -> product -> unary -> power -> atom. Power binds tighter than a sign before it
// (−2^2 = −4) and to the right (2^3^2 = 2^9), as in mathematics.
class ExpressionParser {
 public:
  using Kind = Expression::Kind;

  ExpressionParser(Expression& out, const std::vector<std::string>* variables,
                   const std::vector<std::string>* parameters, std::string place)
      : out_(out),
        text_(out.text_),
        variables_(variables),
        parameters_(parameters),
        place_(std::move(place)) {
    if (text_.size() > max_length) {
      throw base::UserError(place_, fmt::format("an expression of {} characters is too long (at most {})",
                                                text_.size(), max_length));
    }
  }

  void parse() {
    skip_space();
    if (at_ == text_.size()) fail(at_, "the expression is empty", "for example \"E + A/N^alpha + B/D^beta\"");
    sum(0);
    if (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ')') fail(at_, "a ')' without its '('");
      if (starts_name(c) || is_digit(c) || c == '(') {
        fail(at_, "an operator is missing here", "a product is written with *: 2*N");
      }
      fail(at_, fmt::format("unexpected '{}'", c), "operators are + - * / ^");
    }
  }

  std::vector<std::string> names;  // seen, where no lists are given

 private:
  [[noreturn]] void fail(std::size_t position, const std::string& message,
                         const std::string& hint = "") const {
    const std::string picture = fmt::format("  {}\n  {:>{}}", text_, "^", position + 1);
    throw base::UserError(place_, fmt::format("column {}: {}\n{}", position + 1, message, picture), hint);
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    skip_space();
    return true;
  }
  std::uint32_t emit(const ExpressionRule& rule, std::uint32_t a, std::uint32_t b = 0) {
    out_.operations_.push_back({Kind::rule, &rule, a, b, 0});
    return static_cast<std::uint32_t>(out_.operations_.size() - 1);
  }
  std::uint32_t emit(Kind leaf, std::uint32_t index, double constant = 0) {
    out_.operations_.push_back({leaf, nullptr, index, 0, constant});
    return static_cast<std::uint32_t>(out_.operations_.size() - 1);
  }

  std::uint32_t sum(int depth) {
    std::uint32_t left = product(depth);
    for (;;) {
      if (take('+')) {
        left = emit(add, left, product(depth));
      } else if (take('-')) {
        left = emit(subtract, left, product(depth));
      } else {
        return left;
      }
    }
  }
  std::uint32_t product(int depth) {
    std::uint32_t left = unary(depth);
    for (;;) {
      if (at_ + 1 < text_.size() && text_[at_] == '*' && text_[at_ + 1] == '*') {
        fail(at_, "unexpected '**'", "a power is written with ^");
      }
      if (take('*')) {
        left = emit(multiply, left, unary(depth));
      } else if (take('/')) {
        left = emit(divide, left, unary(depth));
      } else {
        return left;
      }
    }
  }
  std::uint32_t unary(int depth) {
    if (depth > max_depth) fail(at_, "nested too deeply");
    if (take('-')) return emit(negate, unary(depth + 1));
    if (take('+')) return unary(depth + 1);
    return power(depth);
  }
  std::uint32_t power(int depth) {
    const std::uint32_t base = atom(depth);
    if (!take('^')) return base;
    return emit(fit::power, base, unary(depth + 1));
  }
  std::uint32_t atom(int depth) {
    if (at_ >= text_.size()) fail(at_, "the expression ends where a number, a name or '(' should be");
    const char c = text_[at_];
    if (c == '(') {
      const std::size_t opened = at_;
      take('(');
      const std::uint32_t inner = sum(depth + 1);
      if (!take(')')) fail(at_ < text_.size() ? at_ : opened, "a ')' is missing for the '('");
      return inner;
    }
    if (is_digit(c) || c == '.') return number();
    if (starts_name(c)) return name(depth);
    fail(at_, fmt::format("a number, a name or '(' should be here, not '{}'", c));
  }
  std::uint32_t number() {
    double value = 0;
    const auto [stop, problem] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (problem != std::errc()) fail(at_, "this is no number");
    at_ = static_cast<std::size_t>(stop - text_.data());
    skip_space();
    return emit(Kind::constant, 0, value);
  }
  std::uint32_t name(int depth) {
    const std::size_t start = at_;
    while (at_ < text_.size() && (starts_name(text_[at_]) || is_digit(text_[at_]))) ++at_;
    const std::string word(text_.substr(start, at_ - start));
    skip_space();
    if (at_ < text_.size() && text_[at_] == '(') return call(word, start, depth);
    if (variables_ == nullptr) {
      if (std::find(names.begin(), names.end(), word) == names.end()) names.push_back(word);
      return emit(Kind::constant, 0);
    }
    for (const auto& [list, kind] :
         {std::pair{variables_, Kind::variable}, std::pair{parameters_, Kind::parameter}}) {
      const auto found = std::find(list->begin(), list->end(), word);
      if (found != list->end()) return emit(kind, static_cast<std::uint32_t>(found - list->begin()));
    }
    std::vector<std::string> known = *parameters_;
    known.insert(known.end(), variables_->begin(), variables_->end());
    fail(start, fmt::format("unknown name '{}'", word), base::suggest(word, known));
  }
  std::uint32_t call(const std::string& word, std::size_t start, int depth) {
    const auto found = std::find_if(std::begin(functions), std::end(functions),
                                    [&](const auto& f) { return word == f.name; });
    if (found == std::end(functions)) {
      std::vector<std::string> known;
      for (const ExpressionRule& function : functions) known.emplace_back(function.name);
      fail(start, fmt::format("unknown function '{}'", word), base::suggest(word, known));
    }
    take('(');
    std::vector<std::uint32_t> arguments;
    do {
      arguments.push_back(sum(depth + 1));
    } while (take(','));
    if (!take(')')) fail(at_, fmt::format("a ')' is missing for {}(", word));
    if (static_cast<int>(arguments.size()) != found->operands) {
      fail(start, fmt::format("{} takes {} argument{}, got {}", word, found->operands,
                              found->operands == 1 ? "" : "s", arguments.size()));
    }
    return emit(*found, arguments[0], arguments.size() > 1 ? arguments[1] : 0);
  }

  Expression& out_;
  std::string_view text_;
  const std::vector<std::string>* variables_;
  const std::vector<std::string>* parameters_;
  std::string place_;
  std::size_t at_ = 0;
};

Expression::Expression(std::string text, const std::vector<std::string>& variables,
                       const std::vector<std::string>& parameters, const std::string& place)
    : text_(std::move(text)) {
  ExpressionParser(*this, &variables, &parameters, place).parse();
}

std::vector<std::string> Expression::names_in(const std::string& text, const std::string& place) {
  Expression scratch;
  scratch.text_ = text;
  ExpressionParser parser(scratch, nullptr, nullptr, place);
  parser.parse();
  return parser.names;
}

void Expression::evaluate(std::span<const double> variables, std::span<const double> parameters,
                          std::span<double> values) const {
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    const Operation& op = operations_[i];
    values[i] = op.kind == Kind::rule        ? op.rule->value(values[op.a], values[op.b])
                : op.kind == Kind::constant  ? op.constant
                : op.kind == Kind::parameter ? parameters[op.a]
                                             : variables[op.a];
  }
}

double Expression::value(std::span<const double> variables, std::span<const double> parameters) const {
  FRUGAL_ASSERT(!operations_.empty(), "an empty expression has no value");
  constexpr std::size_t small = 64;
  if (operations_.size() <= small) {
    std::array<double, small> values;
    evaluate(variables, parameters, values);
    return values[operations_.size() - 1];
  }
  std::vector<double> values(operations_.size());
  evaluate(variables, parameters, values);
  return values.back();
}

double Expression::value_and_gradient(std::span<const double> variables, std::span<const double> parameters,
                                      std::span<double> gradient) const {
  FRUGAL_ASSERT(!operations_.empty(), "an empty expression has no value");
  std::vector<double> values(operations_.size()), adjoint(operations_.size());
  evaluate(variables, parameters, values);
  std::fill(gradient.begin(), gradient.end(), 0.0);
  adjoint.back() = 1;
  for (std::size_t i = operations_.size(); i-- > 0;) {
    const Operation& op = operations_[i];
    const double d = adjoint[i];
    if (d == 0) continue;  // also keeps 0 * inf out of what the result does not depend on
    if (op.kind == Kind::parameter) gradient[op.a] += d;
    if (op.kind != Kind::rule) continue;
    const double x = values[op.a], y = values[op.b];
    adjoint[op.a] += op.rule->to_x(d, x, y, values[i]);
    // A constant (of a power) has no derivative to carry.
    if (op.rule->operands == 2 && operations_[op.b].kind != Kind::constant)
      adjoint[op.b] += op.rule->to_y(d, x, y, values[i]);
  }
  return values.back();
}

int Expression::degree(const std::vector<char>& marked) const {
  std::vector<int> degrees(operations_.size());
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    const Operation& op = operations_[i];
    if (op.kind == Kind::rule)
      degrees[i] = op.rule->degree(degrees[op.a], op.rule->operands == 2 ? degrees[op.b] : 0);
    else
      degrees[i] = op.kind == Kind::parameter && marked[op.a] ? 1 : 0;
  }
  return degrees.empty() ? 0 : degrees.back();
}

bool Expression::uses(Kind kind, std::size_t index) const {
  return std::any_of(operations_.begin(), operations_.end(),
                     [&](const Operation& op) { return op.kind == kind && op.a == index; });
}

}  // namespace frugal::fit
