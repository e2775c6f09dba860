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

// Recursive descent: sum -> product -> unary -> power -> atom. Power binds tighter than a sign before it
// (−2^2 = −4) and to the right (2^3^2 = 2^9), as in mathematics.
class ExpressionParser {
 public:
  using Code = Expression::Code;

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
  struct Function {
    const char* name;
    Code code;
    int arguments;
  };
  static constexpr std::array<Function, 8> functions = {{{"exp", Code::exp, 1},
                                                         {"log", Code::log, 1},
                                                         {"sqrt", Code::sqrt, 1},
                                                         {"abs", Code::abs, 1},
                                                         {"min", Code::min, 2},
                                                         {"max", Code::max, 2},
                                                         {"pow", Code::power, 2},
                                                         {"ln", Code::log, 1}}};

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
  std::uint32_t emit(Code code, std::uint32_t a = 0, std::uint32_t b = 0, double constant = 0) {
    out_.operations_.push_back({code, a, b, constant});
    return static_cast<std::uint32_t>(out_.operations_.size() - 1);
  }

  std::uint32_t sum(int depth) {
    std::uint32_t left = product(depth);
    for (;;) {
      if (take('+')) {
        left = emit(Code::add, left, product(depth));
      } else if (take('-')) {
        left = emit(Code::subtract, left, product(depth));
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
        left = emit(Code::multiply, left, unary(depth));
      } else if (take('/')) {
        left = emit(Code::divide, left, unary(depth));
      } else {
        return left;
      }
    }
  }
  std::uint32_t unary(int depth) {
    if (depth > max_depth) fail(at_, "nested too deeply");
    if (take('-')) return emit(Code::negate, unary(depth + 1));
    if (take('+')) return unary(depth + 1);
    return power(depth);
  }
  std::uint32_t power(int depth) {
    const std::uint32_t base = atom(depth);
    if (!take('^')) return base;
    return emit(Code::power, base, unary(depth + 1));
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
    return emit(Code::constant, 0, 0, value);
  }
  std::uint32_t name(int depth) {
    const std::size_t start = at_;
    while (at_ < text_.size() && (starts_name(text_[at_]) || is_digit(text_[at_]))) ++at_;
    const std::string word(text_.substr(start, at_ - start));
    skip_space();
    if (at_ < text_.size() && text_[at_] == '(') return call(word, start, depth);
    if (variables_ == nullptr) {
      if (std::find(names.begin(), names.end(), word) == names.end()) names.push_back(word);
      return emit(Code::constant);
    }
    for (const auto& [list, code] :
         {std::pair{variables_, Code::variable}, std::pair{parameters_, Code::parameter}}) {
      const auto found = std::find(list->begin(), list->end(), word);
      if (found != list->end()) return emit(code, static_cast<std::uint32_t>(found - list->begin()));
    }
    std::vector<std::string> known = *parameters_;
    known.insert(known.end(), variables_->begin(), variables_->end());
    fail(start, fmt::format("unknown name '{}'", word), base::suggest(word, known));
  }
  std::uint32_t call(const std::string& word, std::size_t start, int depth) {
    const auto found =
        std::find_if(functions.begin(), functions.end(), [&](const Function& f) { return word == f.name; });
    if (found == functions.end()) {
      std::vector<std::string> known;
      for (const Function& function : functions) known.emplace_back(function.name);
      fail(start, fmt::format("unknown function '{}'", word), base::suggest(word, known));
    }
    take('(');
    std::vector<std::uint32_t> arguments;
    do {
      arguments.push_back(sum(depth + 1));
    } while (take(','));
    if (!take(')')) fail(at_, fmt::format("a ')' is missing for {}(", word));
    if (static_cast<int>(arguments.size()) != found->arguments) {
      fail(start, fmt::format("{} takes {} argument{}, got {}", word, found->arguments,
                              found->arguments == 1 ? "" : "s", arguments.size()));
    }
    return emit(found->code, arguments[0], arguments.size() > 1 ? arguments[1] : 0);
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
    switch (op.code) {
      case Code::constant:
        values[i] = op.constant;
        break;
      case Code::variable:
        values[i] = variables[op.a];
        break;
      case Code::parameter:
        values[i] = parameters[op.a];
        break;
      case Code::negate:
        values[i] = -values[op.a];
        break;
      case Code::add:
        values[i] = values[op.a] + values[op.b];
        break;
      case Code::subtract:
        values[i] = values[op.a] - values[op.b];
        break;
      case Code::multiply:
        values[i] = values[op.a] * values[op.b];
        break;
      case Code::divide:
        values[i] = values[op.a] / values[op.b];
        break;
      case Code::power:
        values[i] = std::pow(values[op.a], values[op.b]);
        break;
      case Code::exp:
        values[i] = std::exp(values[op.a]);
        break;
      case Code::log:
        values[i] = std::log(values[op.a]);
        break;
      case Code::sqrt:
        values[i] = std::sqrt(values[op.a]);
        break;
      case Code::abs:
        values[i] = std::fabs(values[op.a]);
        break;
      case Code::min:
        values[i] = std::min(values[op.a], values[op.b]);
        break;
      case Code::max:
        values[i] = std::max(values[op.a], values[op.b]);
        break;
    }
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
    const double x = op.code > Code::parameter ? values[op.a] : 0,
                 y = op.code > Code::parameter ? values[op.b] : 0;
    switch (op.code) {
      case Code::constant:
      case Code::variable:
        break;
      case Code::parameter:
        gradient[op.a] += d;
        break;
      case Code::negate:
        adjoint[op.a] -= d;
        break;
      case Code::add:
        adjoint[op.a] += d;
        adjoint[op.b] += d;
        break;
      case Code::subtract:
        adjoint[op.a] += d;
        adjoint[op.b] -= d;
        break;
      case Code::multiply:
        adjoint[op.a] += d * y;
        adjoint[op.b] += d * x;
        break;
      case Code::divide:
        adjoint[op.a] += d / y;
        adjoint[op.b] -= d * values[i] / y;
        break;
      case Code::power:
        adjoint[op.a] += x == 0 && y == 1 ? d : d * y * std::pow(x, y - 1);
        // A constant exponent has no derivative to carry, and log of a negative base none to give.
        if (operations_[op.b].code != Code::constant)
          adjoint[op.b] += x > 0 ? d * values[i] * std::log(x) : 0;
        break;
      case Code::exp:
        adjoint[op.a] += d * values[i];
        break;
      case Code::log:
        adjoint[op.a] += d / x;
        break;
      case Code::sqrt:
        adjoint[op.a] += d / (2 * values[i]);
        break;
      case Code::abs:
        adjoint[op.a] += x < 0 ? -d : d;
        break;
      case Code::min:
        adjoint[x <= y ? op.a : op.b] += d;
        break;
      case Code::max:
        adjoint[x >= y ? op.a : op.b] += d;
        break;
    }
  }
  return values.back();
}

int Expression::degree(const std::vector<char>& marked) const {
  std::vector<int> degrees(operations_.size());
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    const Operation& op = operations_[i];
    const bool leaf = op.code <= Code::parameter;
    const int a = leaf ? 0 : degrees[op.a], b = leaf ? 0 : degrees[op.b];
    switch (op.code) {
      case Code::constant:
      case Code::variable:
        break;
      case Code::parameter:
        degrees[i] = marked[op.a] ? 1 : 0;
        break;
      case Code::negate:
        degrees[i] = a;
        break;
      case Code::add:
      case Code::subtract:
        degrees[i] = std::max(a, b);
        break;
      case Code::multiply:
        degrees[i] = std::min(a + b, 2);
        break;
      case Code::divide:
        degrees[i] = b == 0 ? a : 2;
        break;
      default: {
        const bool unary =
            op.code == Code::exp || op.code == Code::log || op.code == Code::sqrt || op.code == Code::abs;
        degrees[i] = a == 0 && (unary || b == 0) ? 0 : 2;
      }
    }
  }
  return degrees.empty() ? 0 : degrees.back();
}

bool Expression::uses_variable(std::size_t index) const {
  return std::any_of(operations_.begin(), operations_.end(),
                     [index](const Operation& op) { return op.code == Code::variable && op.a == index; });
}
bool Expression::uses_parameter(std::size_t index) const {
  return std::any_of(operations_.begin(), operations_.end(),
                     [index](const Operation& op) { return op.code == Code::parameter && op.a == index; });
}

}  // namespace frugal::fit
