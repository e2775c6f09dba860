#include "fit/law/expression_law.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "fit/runs/roles.h"

namespace frugal::fit {
namespace {

struct Alias {
  std::string name, variable;
};

// The variables by their names and by their letters: size, N, m, …
const std::vector<Alias>& aliases() {
  static const std::vector<Alias> table = [] {
    std::vector<Alias> out;
    for (const Role& role : roles()) {
      if (role.scale == nullptr) continue;
      out.push_back({role.name, role.name});
      for (const std::string& usual : role.usual) {
        if (usual.size() == 1) out.push_back({usual, role.name});
      }
    }
    out.push_back({variable::x, variable::x});
    return out;
  }();
  return table;
}

std::vector<std::string> alias_names() {
  std::vector<std::string> names;
  for (const Alias& alias : aliases()) names.push_back(alias.name);
  return names;
}

class ExpressionLaw final : public Law {
 public:
  ExpressionLaw(const std::string& text, const std::vector<ExpressionParameter>& declared,
                const std::string& place, const std::vector<std::string>& own_variables)
      : aliases_(aliases()) {
    for (const std::string& own : own_variables) aliases_.push_back({own, own});
    name = "expression";
    formula = text;
    source = "the user's own";
    std::vector<std::string> known;
    for (const Alias& alias : aliases_) known.push_back(alias.name);
    std::vector<std::string> parameter_names;
    for (const std::string& word : Expression::names_in(text, place)) {
      if (std::find(known.begin(), known.end(), word) == known.end()) parameter_names.push_back(word);
    }
    declare(parameter_names, declared, place);
    expression_ = Expression(text, known, parameter_names, place);
    for (std::size_t i = 0; i < aliases_.size(); ++i) {
      if (!expression_.uses_variable(i)) continue;
      auto found = std::find(variables.begin(), variables.end(), aliases_[i].variable);
      if (found == variables.end()) {
        variables.emplace_back(aliases_[i].variable);
        found = variables.end() - 1;
      }
      input_of_.emplace_back(i, static_cast<std::size_t>(found - variables.begin()));
    }
    if (variables.empty()) {
      throw base::UserError(place, "the expression uses no variable",
                            "N or m is the model's size, D or n the data, C the compute");
    }
    if (parameters.empty()) {
      throw base::UserError(place, "the expression has no parameter to fit",
                            "for example \"E + A/N^alpha + B/D^beta\"");
    }
    find_linear(parameter_names);
  }

  void evaluate(const double* theta, const Inputs& inputs, double* y, double* jacobian) const override {
    const std::size_t p = parameters.size(), n = inputs.count;
    std::vector<double> values(aliases_.size());
    std::vector<double> gradient(p);
    for (std::size_t i = 0; i < n; ++i) {
      for (const auto& [alias, input] : input_of_) values[alias] = inputs.value[input][i];
      if (jacobian == nullptr) {
        y[i] = expression_.value(values, {theta, p});
        continue;
      }
      y[i] = expression_.value_and_gradient(values, {theta, p}, gradient);
      for (std::size_t k = 0; k < p; ++k) jacobian[k * n + i] = gradient[k];
    }
  }

  std::vector<std::size_t> linear() const override { return linear_; }

  // y = offset + Σ c_k basis_k exactly, so the offset is y at c = 0 and each basis the derivative by c_k.
  bool linearise(const double* theta, const Inputs& inputs, const double*, double* basis, double* target,
                 double*) const override {
    const std::size_t p = parameters.size(), n = inputs.count;
    std::vector<double> at_zero(theta, theta + p), offset(n), jacobian(p * n);
    for (const std::size_t k : linear_) at_zero[k] = 0;
    evaluate(at_zero.data(), inputs, offset.data(), jacobian.data());
    for (std::size_t i = 0; i < n; ++i) {
      target[i] -= offset[i];
      if (!std::isfinite(target[i])) return false;
    }
    for (std::size_t j = 0; j < linear_.size(); ++j) {
      for (std::size_t i = 0; i < n; ++i) {
        basis[j * n + i] = jacobian[linear_[j] * n + i];
        if (!std::isfinite(basis[j * n + i])) return false;
      }
    }
    return true;
  }

 private:
  void declare(const std::vector<std::string>& used, const std::vector<ExpressionParameter>& declared,
               const std::string& place) {
    for (const ExpressionParameter& one : declared) {
      if (std::find(used.begin(), used.end(), one.name) == used.end()) {
        throw base::UserError(
            place, fmt::format("parameter '{}' is declared but the expression does not use it", one.name),
            base::suggest(one.name, used));
      }
      if (!(one.lower < one.upper) || one.start_lower > one.start_upper) {
        throw base::UserError(
            place, fmt::format("parameter '{}': lower must be below upper, and start_lower not above "
                               "start_upper",
                               one.name));
      }
    }
    for (const std::string& word : used) {
      ExpressionParameter one;
      one.name = word;
      const auto found =
          std::find_if(declared.begin(), declared.end(), [&](const auto& d) { return d.name == word; });
      if (found != declared.end()) one = *found;
      const double low = std::max(one.start_lower, one.lower), high = std::min(one.start_upper, one.upper);
      if (low > high) {
        throw base::UserError(place, fmt::format("parameter '{}': its start is outside of its bounds", word));
      }
      parameters.push_back({word, "", one.lower, one.upper, low, high, low > 0});
    }
  }

  // Greedily: a parameter joins if the expression stays linear in all that have joined together.
  void find_linear(const std::vector<std::string>& names) {
    std::vector<char> joined(names.size(), 0);
    for (std::size_t k = 0; k < names.size(); ++k) {
      if (parameters[k].lower != 0 || parameters[k].upper < 1e300) continue;
      joined[k] = 1;
      if (expression_.degree(joined) > 1) joined[k] = 0;
    }
    for (std::size_t k = 0; k < names.size(); ++k) {
      if (joined[k]) linear_.push_back(k);
    }
  }

  std::vector<Alias> aliases_;  // and the own variables
  Expression expression_;
  std::vector<std::pair<std::size_t, std::size_t>> input_of_;  // alias -> input
  std::vector<std::size_t> linear_;
};

// Solves f(x) = target for a rising f by Newton steps in logarithms (one step where f is a power), kept
// within a bracket that halves otherwise.
template <class F>
double solve_rising(const F& f, double target) {
  double low = -46, high = 140;  // ln of 1e-20 … 6e60
  if (!(f(std::exp(low)) <= target) || !(f(std::exp(high)) >= target)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  double at = 20;
  for (int i = 0; i < 200; ++i) {
    const double value = f(std::exp(at));
    if (value == target) break;
    (value < target ? low : high) = at;
    const double slope = (std::log(f(std::exp(at + 1e-4))) - std::log(value)) / 1e-4;
    double next = at + (std::log(target) - std::log(value)) / slope;
    if (!(next > low && next < high)) next = (low + high) / 2;
    if (std::fabs(next - at) < 1e-13 * (1 + std::fabs(at))) return std::exp(next);
    at = next;
  }
  return std::exp(at);
}

}  // namespace

void ExpressionParameter::visit(config::Visitor& v) {
  v.field("name", name, "as in the expression");
  v.field("lower", lower, config::any_number(), "lower bound");
  v.field("upper", upper, config::any_number(), "upper bound");
  v.field("start_lower", start_lower, config::any_number(), "least start of the search");
  v.field("start_upper", start_upper, config::any_number(), "largest start of the search");
}

std::shared_ptr<const Law> make_expression_law(const std::string& text,
                                               const std::vector<ExpressionParameter>& declared,
                                               const std::string& place,
                                               const std::vector<std::string>& own_variables) {
  return std::make_shared<ExpressionLaw>(text, declared, place, own_variables);
}

namespace {

bool is_parameter_by_form(const std::string& name) {
  static const std::vector<std::string> greek = {
      "alpha", "beta", "gamma", "delta", "epsilon", "eps", "zeta", "eta", "theta", "kappa", "lambda",
      "mu",    "nu",   "xi",    "rho",   "sigma",   "tau", "phi",  "chi", "psi",   "omega", "iota"};
  std::size_t end = 0;
  while (end < name.size() && std::isalpha(static_cast<unsigned char>(name[end])) != 0) ++end;
  const std::string stem = name.substr(0, end), rest = name.substr(end);
  std::string lower;
  for (const char c : stem) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const bool letter = stem.size() == 1 || std::find(greek.begin(), greek.end(), lower) != greek.end();
  return letter && (rest.empty() || rest[0] == '_' || std::isdigit(static_cast<unsigned char>(rest[0])) != 0);
}

}  // namespace

ExpressionNames names_of_expression(const std::string& text, const std::vector<std::string>& columns,
                                    const std::vector<std::string>& declared, const std::string& place) {
  ExpressionNames out;
  const std::vector<std::string> known = alias_names();
  const auto is_in = [](const std::vector<std::string>& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  for (const std::string& name : Expression::names_in(text, place)) {
    if (is_in(known, name)) continue;
    if (is_in(columns, name) && !is_in(declared, name)) {
      out.own_variables.push_back(name);
      continue;
    }
    if (is_in(declared, name) || is_parameter_by_form(name)) continue;
    std::vector<std::string> near = known;
    near.insert(near.end(), columns.begin(), columns.end());
    near.insert(near.end(), declared.begin(), declared.end());
    std::string hint = base::suggest(name, near);
    const std::string declare = fmt::format(
        "a parameter of this name is declared with --set 'parameters=[{{\"name\":\"{}\"}}]'", name);
    throw base::UserError(place,
                          fmt::format("'{}' is no variable, no column and no declared parameter", name),
                          hint.empty() ? declare : hint + "; " + declare);
  }
  return out;
}

Cost::Cost(const std::string& text, const std::string& place)
    : expression_(text, {"N", "m", "size", "D", "n", "data"}, {}, place) {
  const bool uses_size =
      expression_.uses_variable(0) || expression_.uses_variable(1) || expression_.uses_variable(2);
  const bool uses_data =
      expression_.uses_variable(3) || expression_.uses_variable(4) || expression_.uses_variable(5);
  if (!uses_size || !uses_data) {
    throw base::UserError(place, "a cost must depend on the size (N) and on the data (D)",
                          "for example \"6*N*D\"");
  }
  for (const double scale : {1e2, 1e6, 1e10}) {
    const double here = (*this)(scale, scale), more_size = (*this)(2 * scale, scale),
                 more_data = (*this)(scale, 2 * scale);
    if (!(here > 0) || !(more_size > here) || !(more_data > here)) {
      throw base::UserError(place, "a cost must be > 0 and grow with size and with data",
                            fmt::format("at N = D = {:g} it is {:g}", scale, here));
    }
  }
}

double Cost::operator()(double size, double data) const {
  const std::array<double, 6> values = {size, size, size, data, data, data};
  return expression_.value(values, {});
}
double Cost::data_for(double budget, double size) const {
  return solve_rising([&](double data) { return (*this)(size, data); }, budget);
}
double Cost::size_for(double budget, double data) const {
  return solve_rising([&](double size) { return (*this)(size, data); }, budget);
}

}  // namespace frugal::fit
