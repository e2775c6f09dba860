// Measurements of runs, from tables with named columns: which column is the model's size, the data, the
// compute and the error is config, found by the usual names where the config does not say, and what was
// chosen is told. What is wrong in a table is refused with file, line, column, value and what would be right.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/visitor.h"
#include "fit/runs/columns.h"
#include "fit/runs/metric.h"
#include "fit/runs/runs.h"
#include "fit/runs/table.h"

namespace frugal::fit {

struct MeasurementConfig {
  Columns columns;
  std::map<std::string, std::string> where;  // keep only rows whose column has this text
  std::string missing = "error";             // error | drop: a row without a value that is needed
  std::string invalid = "error";             // error | drop: a row whose value is no number or not > 0
  std::string decimal = "auto";              // auto | point | comma
  std::string metric = "auto";               // auto | falls | rises
  std::optional<double> chance;              // what guessing reaches, of a metric that rises
  std::vector<std::string> variables;  // columns that the user's own law has as variables; no config field
  std::string duplicates = "drop";     // drop | keep | error: rows that are the same in every column
  void visit(config::Visitor& v);
};

// What a table held: the runs of all series, and what is to be told of them.
struct Measurements {
  Runs runs;
  std::vector<std::string> series;            // names, in order of appearance; empty: there is one
  std::map<std::string, std::string> chosen;  // role -> column
  std::vector<std::string> notes;             // what was chosen, dropped, merged
  Metric metric;                              // what the error was read from
  // Where the error is predicted in two steps: runs of a loss (as their data) and the error.
  std::shared_ptr<const Measurements> second;
  std::vector<std::size_t> rows;          // of the table, of each run
  std::vector<std::size_t> used_columns;  // that have a role, or that `where` asks for
  std::size_t rows_read = 0, dropped_missing = 0, dropped_duplicates = 0, dropped_where = 0,
              dropped_invalid = 0;

  // Keeps these runs only.
  void select(const std::vector<std::size_t>& kept);

  // The rows of each series, in order of appearance; one list of all rows where there is one series.
  std::vector<std::vector<std::size_t>> rows_by_series() const;
};

// Errors: UserError; there is at least one run in what is returned, every number is finite and > 0.
Measurements to_measurements(const Table& table, const MeasurementConfig& config);

}  // namespace frugal::fit
