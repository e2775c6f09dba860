// Which column of a table is what: as the config says, else by the names that people use.
#pragma once

#include <string>
#include <vector>

#include "fit/runs/measurements.h"

namespace frugal::fit {

struct Role {
  const char* name;
  const char* help;
  std::string Columns::*column;
  // Usual names, the likeliest first; lower case with '_' unless they are one letter.
  std::vector<std::string> usual;
};
const std::vector<Role>& roles();

// Whether a text says that its row is fitted: 1 ("1", "true", "train"), 0 ("0", "false", "test"), else -1.
int truth_of(const std::string& text);

class ColumnChooser {
 public:
  // Both must outlive the chooser.
  ColumnChooser(const Table& table, const Columns& columns) : table_(table), columns_(columns) {}

  // -1: no such column. Errors: UserError where the config names one that is not there.
  int find(const Role& role) const;
  // The columns that together name the series: one, several (a list with commas), or, for "others", all
  // that `taken` does not hold.
  std::vector<std::size_t> find_group(const std::vector<int>& taken) const;
  [[noreturn]] void refuse_missing(const Role& role) const;

  std::string files() const;
  std::vector<std::string> named_columns() const;
  std::size_t named(const std::string& column, const std::string& why) const;

 private:
  bool fits(const Role& role, std::size_t column) const;
  int only_loss() const;

  const Table& table_;
  const Columns& columns_;
};

}  // namespace frugal::fit
