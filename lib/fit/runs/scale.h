// How large a run was: what its error is a function of.
#pragma once

#include <string>
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

  double& of(const std::string& variable);  // "size", "data", …; UserError for another name
  double of(const std::string& variable) const;
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

}  // namespace frugal::fit
