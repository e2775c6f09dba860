// Measurements of runs, from tables with named columns: which column is the model's size, the data, the
// compute and the error is config, found by the usual names where the config does not say, and what was
// chosen is told. What is wrong in a table is refused with file, line, column, value and what would be right.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "fit/runs/table.h"

namespace frugal::fit {

// Column names; "" is automatic (by the usual names), "none" is no such column. group may be several (a,b) or
// "others": every column that has no other role.
struct Columns {
  std::string size, data, compute, error, unique_data, density, group, weight, standard_error, train;
  void visit(config::Visitor& v);
};

struct MeasurementConfig {
  Columns columns;
  std::map<std::string, std::string> where;  // keep only rows whose column has this text
  std::string missing = "error";             // error | drop: a row without a value that is needed
  std::string invalid = "error";             // error | drop: a row whose value is no number or not > 0
  std::string duplicates = "drop";           // drop | keep | error: rows that are the same in every column
  void visit(config::Visitor& v);
};

// One row a run, column by column; a column that the data does not have is empty.
struct Measurements {
  std::vector<double> size, data, compute, error, unique_data, density, weight, standard_error;
  std::vector<char> held_out;      // 1: not to be fitted (the train column says 0); empty: all are fitted
  std::vector<std::size_t> group;  // index into group_names; empty: one series
  std::vector<std::string> group_names;  // in order of appearance
  std::vector<std::string> places;       // "runs.csv:12", for messages and for residual tables

  std::map<std::string, std::string> chosen;  // role -> column
  std::vector<std::string> notes;             // what was chosen, dropped, merged
  std::size_t rows_read = 0, dropped_missing = 0, dropped_duplicates = 0, dropped_where = 0,
              dropped_invalid = 0;

  std::size_t count() const { return error.size(); }
  Measurements subset(const std::vector<std::size_t>& rows) const;
};

// Errors: UserError; there is at least one row in what is returned, every number is finite, sizes, data,
// compute, error, weights are > 0.
Measurements to_measurements(const Table& table, const MeasurementConfig& config);

// Runs of one series measured at the same scales (size, data, compute, unique data, density): repeats.
struct Repeats {
  std::vector<std::size_t> cell;  // per row: index of its cell
  std::size_t cells = 0, repeated_cells = 0;
  double log_error_sd = 0;  // pooled standard deviation of log error within cells; 0 without repeats
};
Repeats find_repeats(const Measurements& measurements);

std::size_t distinct(const std::vector<double>& values);

}  // namespace frugal::fit
