#include "fit/runs/number.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>

namespace frugal::fit {
namespace {

using Problem = WrittenNumber::Problem;

std::string_view trimmed_view(std::string_view text) {
  while (!text.empty() && std::string_view(" \t\r\n").find(text.front()) != std::string_view::npos)
    text.remove_prefix(1);
  while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != std::string_view::npos)
    text.remove_suffix(1);
  return text;
}

// Signs of other alphabets as plain ones: × and · as *, raised digits as ^21, narrow spaces, the long minus.
std::string plain_signs(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> table = {{{"×", "*"},
                                                                                          {"·", "*"},
                                                                                          {"\u00A0", " "},
                                                                                          {"\u202F", " "},
                                                                                          {"\u2009", " "},
                                                                                          {"\u2212", "-"},
                                                                                          {"\u2019", "'"},
                                                                                          {"⁻", "^-"},
                                                                                          {"**", "^"}}};
  static constexpr std::array<std::string_view, 10> raised = {"⁰", "¹", "²", "³", "⁴",
                                                              "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string out;
  bool raising = false;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    const auto sign = std::find_if(table.begin(), table.end(),
                                   [&](const auto& one) { return rest.starts_with(one.first); });
    const auto digit =
        std::find_if(raised.begin(), raised.end(), [&](const auto& one) { return rest.starts_with(one); });
    if (digit != raised.end()) {
      if (!raising && (out.empty() || out.back() != '-')) out += '^';
      out += static_cast<char>('0' + (digit - raised.begin()));
      raising = true;
      i += digit->size();
      continue;
    }
    raising = false;
    out += sign != table.end() ? sign->second : rest.substr(0, 1);
    i += sign != table.end() ? sign->first.size() : 1;
  }
  return out;
}

// Takes "1,000,000" or "4.44" from the front of text and writes it without groups and with a decimal point.
// False where groups are not of three digits.
bool take_mantissa(std::string_view& text, DecimalMark mark, std::string& digits) {
  const char decimal = mark == DecimalMark::comma ? ',' : '.', group = mark == DecimalMark::comma ? '.' : ',';
  std::size_t at = 0, since_group = 0;
  char used = 0;
  const auto next_is_digit = [&](std::size_t i) { return i + 1 < text.size() && is_digit(text[i + 1]); };
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (is_digit(c)) {
      digits += c;
      ++since_group;
    } else if ((c == group || c == '_' || c == '\'' || c == ' ') && since_group > 0 && next_is_digit(at)) {
      const bool first = used == 0;
      if ((!first && (c != used || since_group != 3)) || (first && since_group > 3)) return false;
      used = c;
      since_group = 0;
    } else {
      break;
    }
  }
  if (used != 0 && since_group != 3) return false;
  if (at < text.size() && text[at] == decimal &&
      (at + 1 == text.size() || is_digit(text[at + 1]) || !digits.empty())) {
    digits += '.';
    for (++at; at < text.size() && is_digit(text[at]); ++at) digits += text[at];
  }
  text.remove_prefix(at);
  return digits.find_first_of("0123456789") != std::string::npos;
}

// A whole number with a sign: the exponent.
bool take_whole(std::string_view& text, std::string& out) {
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
  if (at >= text.size() || !is_digit(text[at])) return false;
  while (at < text.size() && is_digit(text[at])) ++at;
  out = std::string(text.substr(text[0] == '+' ? 1 : 0, at - (text[0] == '+' ? 1 : 0)));
  text.remove_prefix(at);
  return true;
}

Problem to_value(const std::string& digits, double& value) {
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range) return Problem::out_of_range;
  return error == std::errc() && stop == digits.data() + digits.size() ? Problem::none
                                                                       : Problem::not_a_number;
}

// "e21", "*10^21", "^21" after a mantissa.
bool take_exponent(std::string_view& text, std::string& digits, double& value) {
  std::string exponent;
  std::string_view rest = text;
  if (!rest.empty() && (rest[0] == 'e' || rest[0] == 'E')) {
    rest.remove_prefix(1);
    if (take_whole(rest, exponent)) {
      digits += "e" + exponent;
      text = rest;
    }
    return to_value(digits, value) == Problem::none;
  }
  if (to_value(digits, value) != Problem::none) return false;
  rest = trimmed_view(text);
  if (!rest.empty() && rest[0] == '^') {  // 10^21
    rest.remove_prefix(1);
    if (!take_whole(rest, exponent)) return false;
    text = rest;
    value = std::pow(value, std::stod(exponent));
    return true;
  }
  if (!rest.empty() && (rest[0] == '*' || rest[0] == 'x') &&
      trimmed_view(rest.substr(1)).starts_with("10^")) {
    rest = trimmed_view(rest.substr(1));
    rest.remove_prefix(3);
    if (!take_whole(rest, exponent)) return false;
    text = rest;
    return to_value(digits + "e" + exponent, value) == Problem::none;
  }
  return true;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return out;
}

using Named = std::pair<std::string_view, double>;

template <std::size_t n>
std::optional<double> look_up(const std::array<Named, n>& table, std::string_view name) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Named& one) { return one.first == name; });
  return found == table.end() ? std::nullopt : std::optional<double>(found->second);
}

constexpr std::array<Named, 30> multiples = {
    {{"k", 1e3},        {"thousand", 1e3}, {"thousands", 1e3}, {"m", 1e6},           {"mm", 1e6},
     {"mn", 1e6},       {"mio", 1e6},      {"mil", 1e6},       {"million", 1e6},     {"millions", 1e6},
     {"b", 1e9},        {"g", 1e9},        {"bn", 1e9},        {"bil", 1e9},         {"billion", 1e9},
     {"billions", 1e9}, {"t", 1e12},       {"tn", 1e12},       {"trillion", 1e12},   {"trillions", 1e12},
     {"p", 1e15},       {"ki", 1024.0},    {"mi", 1048576.0},  {"gi", 1073741824.0}, {"ti", 1099511627776.0},
     {"kilo", 1e3},     {"mega", 1e6},     {"giga", 1e9},      {"tera", 1e12},       {"%", 0.01}}};
constexpr std::array<Named, 8> prefixes = {
    {{"k", 1e3}, {"m", 1e6}, {"g", 1e9}, {"t", 1e12}, {"p", 1e15}, {"e", 1e18}, {"z", 1e21}, {"y", 1e24}}};
constexpr std::array<Named, 7> long_prefixes = {{{"mega", 1e6},
                                                 {"giga", 1e9},
                                                 {"tera", 1e12},
                                                 {"peta", 1e15},
                                                 {"exa", 1e18},
                                                 {"zetta", 1e21},
                                                 {"yotta", 1e24}}};
constexpr double seconds_a_day = 86400;

bool is_counted_thing(std::string_view word) {
  static constexpr std::array<std::string_view, 20> words = {
      "param", "params",  "parameter",  "parameters", "token",   "tokens",   "tok",
      "toks",  "example", "examples",   "sample",     "samples", "image",    "images",
      "flop",  "flops",   "operations", "sequences",  "weights", "documents"};
  return std::find(words.begin(), words.end(), word) != words.end();
}

// "eflops", "petaflop".
std::optional<double> flops_factor(std::string_view word) {
  for (const std::string_view ending : {"flops", "flop", "f"}) {
    if (!word.ends_with(ending) || word.size() == ending.size()) continue;
    const std::string_view prefix = word.substr(0, word.size() - ending.size());
    const auto factor = look_up(prefixes, prefix);
    return factor ? factor : look_up(long_prefixes, prefix);
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> unit_factor(std::string_view given) {
  // A unit may hold a number, and that a unit: without a limit a long text would go as deep as it likes.
  constexpr std::size_t longest = 64;
  if (given.size() > longest) return std::nullopt;
  std::string text = lower(trimmed_view(plain_signs(given)));
  std::replace(text.begin(), text.end(), '-', ' ');
  const bool is_in = text.starts_with("in ");
  if (is_in) text = std::string(trimmed_view(std::string_view(text).substr(3)));
  const bool is_product = text.starts_with("*10^") || text.starts_with("* 10^") || text.starts_with("x10^");
  if (is_in || is_product || text.starts_with("10^") || text.starts_with("1e")) {
    const WrittenNumber number = read_number(trimmed_view(std::string_view(text).substr(is_product ? 1 : 0)));
    if (number.problem == Problem::none) return number.value;
    if (!is_in) return std::nullopt;
  }
  double factor = 1;
  bool multiplied = false, named = false, days = false;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" /", start), text.size());
    const std::string_view word = std::string_view(text).substr(start, end - start);
    start = end + 1;
    if (word.empty() || word == "of") continue;
    if (const auto multiple = look_up(multiples, word); multiple && !multiplied && !named) {
      factor *= *multiple;
      multiplied = true;
    } else if (is_counted_thing(word) && !named) {
      named = true;
    } else if (const auto flops = flops_factor(word); flops && !multiplied && !named) {
      factor *= *flops;
      multiplied = named = true;
    } else if (word == "day" || word == "days") {
      days = true;
    } else if (word == "s" && named) {
      days = days || text.find("day") != std::string::npos;
      if (!days) return std::nullopt;  // operations a second are no amount of them
    } else {
      return std::nullopt;
    }
  }
  if (days) return named ? std::optional(factor * seconds_a_day) : std::nullopt;
  return multiplied || named ? std::optional(factor) : std::nullopt;
}

WrittenNumber read_number(std::string_view given, DecimalMark mark) {
  WrittenNumber out;
  std::string_view text = trimmed_view(given);
  if (text.starts_with('+')) text.remove_prefix(1);
  if (mark == DecimalMark::point || text.find_first_of(".,") == std::string_view::npos) {
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out.value);
    if (stop == text.data() + text.size() && error != std::errc::invalid_argument) {
      if (error == std::errc::result_out_of_range) out.problem = Problem::out_of_range;
      return out;
    }
  }
  const std::string plain = plain_signs(text);
  std::string_view rest = trimmed_view(plain);
  const bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  std::string digits;
  out.problem = Problem::not_a_number;
  if (!take_mantissa(rest, mark, digits) || !take_exponent(rest, digits, out.value)) return out;
  if (negative) out.value = -out.value;
  rest = trimmed_view(rest);
  if (!rest.empty()) {
    const auto factor = unit_factor(rest);
    if (!factor) return out;
    out.percent = rest == "%";
    out.scaled = *factor != 1;
    // 0.4 % as 0.4 · 0.01 would be another number than 0.004.
    out.value = *factor < 1 ? out.value / std::round(1 / *factor) : out.value * *factor;
  }
  out.problem = std::isfinite(out.value) ? Problem::none : Problem::out_of_range;
  return out;
}

CommaUse comma_use(std::string_view given) {
  std::string_view text = trimmed_view(given);
  std::size_t digits = 0;
  while (digits < text.size() && (is_digit(text[digits]) || text[digits] == ',' || text[digits] == '.' ||
                                  (digits == 0 && (text[0] == '-' || text[0] == '+'))))
    ++digits;
  text = text.substr(0, digits);
  const std::size_t commas = static_cast<std::size_t>(std::count(text.begin(), text.end(), ',')),
                    points = static_cast<std::size_t>(std::count(text.begin(), text.end(), '.'));
  if (commas == 0)
    return points == 0   ? CommaUse::nothing
           : points == 1 ? CommaUse::thousands_or_point
                         : CommaUse::decimal_comma;
  if (points > 0)
    return text.rfind(',') > text.rfind('.') ? CommaUse::decimal_comma : CommaUse::thousands_or_point;
  if (commas > 1) return CommaUse::thousands_or_point;
  const std::size_t comma = text.find(',');
  const bool group = text.size() - comma - 1 == 3 && comma >= 1 && comma <= 3 && text[0] != '0';
  return group ? CommaUse::either : CommaUse::decimal_comma;
}

}  // namespace frugal::fit
