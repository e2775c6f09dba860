// The one list of what a row of a table may say of a run. The config, the choice of columns, --at, the runs
// in a fit file and the axes of plots all go through it, so that a new role is one line in roles.cpp and one
// member: of RunScale where it is part of a run's scale, else of Runs.
#pragma once

#include <string>
#include <vector>

#include "fit/runs/column_name.h"
#include "fit/runs/runs.h"

namespace frugal::fit {

struct Role {
  const char* name;
  const char* help;
  const char* unit;                   // on the axis of a plot
  double RunScale::*scale;            // null: no part of the run's scale
  std::vector<double> Runs::*values;  // what else is a number: the error and what is known of it
  // Usual names of its column, the likeliest first; lower case with '_' unless they are one letter.
  std::vector<std::string> usual;
  // Where no column has a usual name: the words that its name may have.
  RoleWords words = {};

  bool is_number() const { return scale != nullptr || values != nullptr; }
};

namespace role {
inline constexpr const char* error = "error";
inline constexpr const char* group = "group";
inline constexpr const char* train = "train";
}  // namespace role

const std::vector<Role>& roles();
const Role& find_role(const std::string& name);  // one of the list
// The role of a run's scale that has this name, or whose column usually has it; null: none.
const Role* scale_role(const std::string& name);

bool is_scale(const std::string& name);  // one of scale_names(), or x

// "Seen Examples" -> "seen_examples"; one letter stays as it is: N is not n.
std::string normal_name(const std::string& name);

}  // namespace frugal::fit
