// Measurements of runs as columns: what was varied (size, data, …), what came out (y), and what is known of
// its noise. One Runs is one series: one curve or one surface that one law describes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace frugal::fit {

// The names that the laws of the table use. A user's own law may use any other column name.
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

struct Runs {
  std::vector<std::string> names;            // of the variables
  std::vector<std::vector<double>> columns;  // columns[v][i]: variable v of run i
  std::vector<double> y;                     // error or loss, > 0 for log and relative residuals
  std::vector<double> weight;                // empty: all one
  std::vector<double> standard_error;        // of y, in its units; empty: unknown

  std::size_t count() const { return y.size(); }
  bool has(const std::string& name) const;
  // A missing column is a UserError that lists what there is.
  std::span<const double> column(const std::string& name) const;
  void set_column(const std::string& name, std::vector<double> values);
  Runs select(const std::vector<std::size_t>& rows) const;  // rows may repeat
};

// Checks lengths, finiteness, positive variables; a UserError names the row (counted from 1) and the value.
void check_runs(const Runs& points, const std::vector<std::string>& variables, bool positive_y);

// Rows that repeat an earlier row in every variable and in y.
std::vector<std::size_t> duplicate_rows(const Runs& points);

}  // namespace frugal::fit
