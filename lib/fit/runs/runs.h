// Runs: how large each was, what came out, and what is known of its noise. The one type of runs: a table is
// read into it, and laws, curves and surfaces are fitted to it.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace frugal::fit {

// The names that the laws use. A user's own law may use any other column name.
namespace variable {
inline constexpr const char* x = "x";                      // the one variable of a learning curve
inline constexpr const char* size = "size";                // parameters, N or m
inline constexpr const char* data = "data";                // examples or tokens seen, D or n
inline constexpr const char* compute = "compute";          // FLOPs, C
inline constexpr const char* unique_data = "unique_data";  // distinct tokens, at most data
inline constexpr const char* density = "density";          // share of weights kept, (0, 1]
inline constexpr const char* error_dense = "error_dense";  // error of the same network before pruning
inline constexpr const char* loss = "loss";                // what a downstream error is predicted from
}  // namespace variable

// One number a role of fit/runs/roles.h that is part of the scale; 0: not given.
struct RunScale {
  double size = 0, data = 0, compute = 0, unique_data = 0, density = 0;
  std::vector<std::pair<std::string, double>> others;  // columns that are variables of the user's own law

  double& of(
      const std::string& variable);  // "size", "data", …; UserError for a name that is none and was not set
  double of(const std::string& variable) const;
  void set(const std::string& variable, double value);  // any name
  // Data of which none was seen twice: repetition is a decision of its own.
  void set_new_data(double value) {
    data = value;
    if (unique_data > 0) unique_data = value;
  }
  // Sets one variable; data is new.
  void vary(const std::string& variable, double value);
  // What was not given becomes what is usual: all data is different, nothing was pruned.
  void fill_usual();
};

// The member that a variable's name stands for; UserError for another name.
double RunScale::*scale_member(const std::string& variable);
std::vector<std::string> scale_names();  // of all members, in the order of roles()

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
