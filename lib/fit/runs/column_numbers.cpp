#include "fit/runs/column_numbers.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"

namespace frugal::fit {
namespace {

using base::UserError;

std::string place_of(const Table& table, const Table::Row& row, std::size_t column) {
  return fmt::format("{}: column '{}'", table.place(row), table.columns[column]);
}

constexpr const char* say_decimal =
    "--set decimal=comma where the comma is the decimal mark, --set decimal=point where it groups thousands";

DecimalMark decimal_mark(const Table& table, std::size_t column) {
  const Table::Row *comma = nullptr, *point = nullptr, *either = nullptr;
  for (const Table::Row& row : table.rows) {
    if (row.cells[column].missing) continue;
    switch (comma_use(row.cells[column].text)) {
      case CommaUse::decimal_comma:
        if (comma == nullptr) comma = &row;
        break;
      case CommaUse::thousands_or_point:
        if (point == nullptr) point = &row;
        break;
      case CommaUse::either:
        if (either == nullptr) either = &row;
        break;
      case CommaUse::nothing:
        break;
    }
  }
  if (comma != nullptr && point != nullptr) {
    throw UserError(place_of(table, *comma, column),
                    fmt::format("the comma of {} is a decimal mark, that of {} ({}) is not",
                                quoted(comma->cells[column].text), quoted(point->cells[column].text),
                                table.place(*point)),
                    say_decimal);
  }
  if (comma != nullptr) return DecimalMark::comma;
  if (either == nullptr || point != nullptr) return DecimalMark::point;
  if (table.decimal_commas) return DecimalMark::comma;
  throw UserError(
      place_of(table, *either, column),
      fmt::format("{} may be thousands or have a decimal comma", quoted(either->cells[column].text)),
      say_decimal);
}

// A unit in the name that the values do not bear out: "params_m" with 15000000 in it.
void check_unit(const Table& table, const ColumnNumbers& numbers) {
  if (numbers.name.factor == 1 || numbers.role->scale == nullptr) return;
  const double most = numbers.role->scale == &RunScale::compute ? 1e40
                      : numbers.role->scale == &RunScale::size  ? 1e15
                                                                : 1e18;
  for (const Table::Row& row : table.rows) {
    if (row.cells[numbers.column].missing) continue;
    const WrittenNumber one = read_number(row.cells[numbers.column].text, numbers.mark);
    if (one.problem != WrittenNumber::Problem::none || one.scaled || one.value * numbers.name.factor <= most)
      continue;
    throw UserError(
        place_of(table, row, numbers.column),
        fmt::format("{} in the unit that the column's name says would be {:g}",
                    quoted(row.cells[numbers.column].text), one.value * numbers.name.factor),
        fmt::format("name the column without the unit, for instance '{}'", numbers.role->usual.front()));
  }
}

}  // namespace

std::string quoted(const std::string& cell) {
  return cell.size() > 40 ? fmt::format("'{}...'", cell.substr(0, 37)) : fmt::format("'{}'", cell);
}

std::string ColumnNumbers::told() const {
  std::string out;
  if (name.factor != 1) out += fmt::format(" x {:g}", name.factor);
  if (name.log_base > 0) out += fmt::format(" as exponents of {:g}", name.log_base);
  if (name.percent || percent) out += " in per cent";
  if (mark == DecimalMark::comma) out += " with decimal commas";
  return out;
}

ColumnNumbers column_numbers(const Table& table, std::size_t column, const Role& role,
                             const std::string& decimal) {
  ColumnNumbers out;
  out.column = column;
  out.role = &role;
  out.name = read_column_name(table.columns[column]);
  // A name that someone chose by hand ("C") says no unit; nor is a loss counted in millions.
  if (role.scale == nullptr) out.name.factor = 1, out.name.log_base = 0;
  if (role.scale != nullptr) out.name.percent = out.name.percent && role.scale == &RunScale::density;
  out.mark = decimal == "comma"   ? DecimalMark::comma
             : decimal == "point" ? DecimalMark::point
                                  : decimal_mark(table, column);
  std::size_t percents = 0, numbers = 0;
  const Table::Row* without = nullptr;
  for (const Table::Row& row : table.rows) {
    if (row.cells[column].missing) continue;
    const WrittenNumber one = read_number(row.cells[column].text, out.mark);
    if (one.problem != WrittenNumber::Problem::none) continue;
    ++numbers;
    percents += one.percent ? 1 : 0;
    if (!one.percent && without == nullptr) without = &row;
  }
  if (percents > 0 && percents < numbers) {
    throw UserError(place_of(table, *without, column),
                    fmt::format("{} has no % sign, other rows have one", quoted(without->cells[column].text)),
                    "write all of them alike");
  }
  out.percent = percents > 0;
  check_unit(table, out);
  return out;
}

double to_number(const Table& table, const Table::Row& row, const ColumnNumbers& numbers) {
  const std::string& raw = row.cells[numbers.column].text;
  const auto place = [&] { return place_of(table, row, numbers.column); };
  const char* role = numbers.role->name;
  const WrittenNumber read = read_number(raw, numbers.mark);
  if (read.problem == WrittenNumber::Problem::out_of_range)
    throw UserError(place(), fmt::format("{} is out of range", quoted(raw)),
                    "a number between 1e-307 and 1e308");
  if (read.problem == WrittenNumber::Problem::not_a_number) {
    throw UserError(
        place(), fmt::format("must be a number, got {}", quoted(raw)),
        fmt::format("it is taken for the {}; choose another column with --set columns.{}=NAME", role, role));
  }
  double value = read.value;
  if (!std::isfinite(value)) {
    throw UserError(place(), fmt::format("must be finite, got {}", raw),
                    "a run that diverged says nothing about the law: leave its row out");
  }
  if (numbers.name.log_base > 0 && !read.scaled) value = std::pow(numbers.name.log_base, value);
  if (!(value > 0) && !(numbers.zero_allowed && value == 0)) {
    throw UserError(place(), fmt::format("the {} must be > 0, got {}", role, raw),
                    "laws of scale are power laws; they know no zero and no negative numbers");
  }
  if (!read.scaled) value *= numbers.name.factor;
  if (numbers.name.percent && !read.percent) value /= 100;
  return value;
}

bool is_numeric(const Table& table, std::size_t column, bool any) {
  std::size_t numbers = 0, cells = 0;
  for (const Table::Row& row : table.rows) {
    if (row.cells[column].missing) continue;
    if (cells >= 500 && !any) break;
    ++cells;
    const std::string& text = row.cells[column].text;
    const bool number = read_number(text).problem == WrittenNumber::Problem::none ||
                        read_number(text, DecimalMark::comma).problem == WrittenNumber::Problem::none;
    if (number && any) return true;
    numbers += number ? 1 : 0;
  }
  return numbers > 0 && 5 * numbers >= 4 * cells;
}

}  // namespace frugal::fit
