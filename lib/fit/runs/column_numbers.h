// How the numbers of one column are written, and what they stand for: decimal comma or point, the unit that
// the column's name says.
#pragma once

#include <cstddef>
#include <string>

#include "fit/runs/column_name.h"
#include "fit/runs/number.h"
#include "fit/runs/roles.h"
#include "fit/runs/table.h"

namespace frugal::fit {

struct ColumnNumbers {
  std::size_t column = 0;
  const Role* role = nullptr;
  DecimalMark mark = DecimalMark::point;
  ColumnName name;
  bool percent = false;       // its values carry % signs
  bool zero_allowed = false;  // of an accuracy

  std::string told() const;  // " x 1e9", or "" where nothing is done to the numbers
};

// decimal: "auto", "point" or "comma". Errors: UserError where a column has numbers of both kinds, or such as
// may be either ("4,441").
ColumnNumbers column_numbers(const Table& table, std::size_t column, const Role& role,
                             const std::string& decimal);

// One cell's number, > 0 and finite. Errors: UserError with file, line, column, the text and what would be
// right.
double to_number(const Table& table, const Table::Row& row, const ColumnNumbers& numbers);

// Whether the column's cells are numbers: most of those that are not empty, or (`any`) at least one.
bool is_numeric(const Table& table, std::size_t column, bool any);

// A cell in a message: in quotes, its end left out where it is long.
std::string quoted(const std::string& cell);

}  // namespace frugal::fit
