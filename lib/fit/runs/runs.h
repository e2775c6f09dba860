// Runs as columns: what was varied (size, data, …), what came out (y), and what is known of its noise. The
// one type of runs: a table is read into it, and laws, curves and surfaces are fitted to it.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "fit/runs/scale.h"

namespace frugal::fit {

struct Runs {
  std::vector<std::string> names;            // of the variables
  std::vector<std::vector<double>> columns;  // columns[v][i]: variable v of run i
  std::vector<double> y;                     // error or loss, > 0 for log and relative residuals
  std::vector<double> weight;                // empty: all one
  std::vector<double> standard_error;        // of y, in its units; empty: unknown

  // Of a table's rows; empty where there is none.
  std::vector<std::string> places;  // "runs.csv:12", for messages
  std::vector<std::size_t> series;  // which one, see Measurements
  std::vector<char> held_out;       // 1: not to be fitted

  std::size_t count() const { return y.size(); }
  bool has(const std::string& name) const;
  // A missing column is a UserError that lists what there is.
  std::span<const double> column(const std::string& name) const;
  std::span<const double> column_or_none(const std::string& name) const;  // empty: there is none
  void set_column(const std::string& name, std::vector<double> values);
  RunScale scale(std::size_t row) const;
  Runs select(const std::vector<std::size_t>& rows) const;  // rows may repeat
};

// Checks lengths, finiteness, positive variables; a UserError names the row (counted from 1) and the value.
void check_runs(const Runs& runs, const std::vector<std::string>& variables, bool positive_y);

// Rows that repeat an earlier row in every variable and in y.
std::vector<std::size_t> duplicate_rows(const Runs& runs);

std::size_t distinct(std::span<const double> values);  // how many there are

// By role, as a fit file holds them.
nlohmann::ordered_json to_json(const Runs& runs);

}  // namespace frugal::fit
