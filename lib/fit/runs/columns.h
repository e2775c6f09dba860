// Which column of a table plays which role: as the config says, else by the names that people use.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "fit/runs/column_numbers.h"
#include "fit/runs/roles.h"
#include "fit/runs/table.h"

namespace frugal::fit {

// Column names by role; "" is automatic (by the usual names), "none" is no such column. The group may be
// several (a,b) or "others": every column that has no other role.
class Columns {
 public:
  std::string& operator[](const std::string& role) { return asked_[role]; }
  const std::string& asked(const std::string& role) const;
  void visit(config::Visitor& v);

 private:
  std::map<std::string, std::string> asked_;
};

// Whether a text says that its row is fitted: 1 ("1", "true", "train"), 0 ("0", "false", "test"), else -1.
int truth_of(const std::string& text);

// The columns of one table by role.
struct ChosenColumns {
  std::map<std::string, std::size_t> column;     // of the roles that the table has
  std::map<std::string, ColumnNumbers> numbers;  // of those that are numbers, how they are written
  std::vector<std::size_t> group;                // the columns that together name the series
  std::map<std::string, std::string> names;      // as in the table; of the group with commas between
  std::string note;                              // what was chosen, and whether by its name
};
// Errors: UserError where the config names a column that is not there or one twice, or where there is no
// error or nothing that was varied. decimal: see column_numbers.
ChosenColumns choose_columns(const Table& table, const Columns& columns, const std::string& decimal = "auto");

// The column that plays the role by its whole name, else by the words in it; -1: there is none.
int usual_column(const Table& table, const Role& role);
// The column of this name. Errors: UserError with `why` and a suggestion.
std::size_t named_column(const Table& table, const std::string& name, const std::string& why);
std::string files_of(const Table& table);  // for messages

}  // namespace frugal::fit
