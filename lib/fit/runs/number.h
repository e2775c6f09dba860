// Numbers as people write them: 15M, 6.9 B, 1.4T tokens, 1,000,000, 1 000 000, 25 %, 4,44 (decimal
// comma), 5.76×10^23, 3 EFLOPs, 2 PF-days. A plain number reads as it always did.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace frugal::fit {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

enum class DecimalMark { point, comma };

struct WrittenNumber {
  double value = 0;     // with its suffix: 15M is 1.5e7, 25 % is 0.25
  bool scaled = false;  // a suffix said what it is to be multiplied by, percent too
  bool percent = false;
  enum class Problem { none, not_a_number, out_of_range } problem = Problem::none;
};
WrittenNumber read_number(std::string_view text, DecimalMark mark = DecimalMark::point);

// What the commas of a text say: "4,44" has a decimal comma, "1,000,000" groups of thousands, "4,441" may be
// either, "4.4" has a decimal point; nothing where there is neither.
enum class CommaUse { nothing, decimal_comma, thousands_or_point, either };
CommaUse comma_use(std::string_view text);

// What a unit multiplies by: "B" 1e9, "M tokens" 1e6, "10^9" 1e9, "EFLOPs" 1e18, "PF-days" 8.64e19, "%" 0.01,
// "tokens" 1. Nothing for a text that is no unit.
std::optional<double> unit_factor(std::string_view text);

}  // namespace frugal::fit
