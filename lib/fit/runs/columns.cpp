#include "fit/runs/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "fit/runs/metric.h"

namespace frugal::fit {

using base::UserError;

int truth_of(const std::string& text) {
  static const std::unordered_map<std::string, int> words = {
      {"1", 1},        {"1.0", 1}, {"true", 1},     {"train", 1},   {"yes", 1},    {"fit", 1},
      {"training", 1}, {"0", 0},   {"0.0", 0},      {"false", 0},   {"test", 0},   {"validation", 0},
      {"val", 0},      {"no", 0},  {"held_out", 0}, {"heldout", 0}, {"predict", 0}};
  const auto found = words.find(normal_name(text));
  return found == words.end() ? -1 : found->second;
}

const std::string& Columns::asked(const std::string& role) const {
  static const std::string automatic;
  const auto found = asked_.find(role);
  return found == asked_.end() ? automatic : found->second;
}

void Columns::visit(config::Visitor& v) {
  for (const Role& role : roles()) v.field(role.name, asked_[role.name], role.help);
}

std::string files_of(const Table& table) { return fmt::format("{}", fmt::join(table.files, ", ")); }

namespace {

std::vector<std::string> named_columns(const Table& table) {
  std::vector<std::string> names;
  for (const std::string& name : table.columns) {
    if (!name.empty()) names.push_back(name);
  }
  return names;
}

constexpr int none = -1;

// A column named `train` may hold the name of a corpus: only one of truth values is a split. One named `data`
// may hold the name of a data set: only one that holds a number is an amount.
bool fits(const Table& table, const Role& role, std::size_t column) {
  if (role.is_number()) return is_numeric(table, column, true);
  if (std::string(role.name) != role::train) return true;
  return std::all_of(table.rows.begin(), table.rows.end(), [&](const Table::Row& row) {
    return !row.cells[column].missing && truth_of(row.cells[column].text) >= 0;
  });
}

// FLOPs in millions to trillions are mostly those of one pass or of one second, unless the name says of
// training.
bool is_rate(const Role& role, const ColumnName& name) {
  return role.scale == &RunScale::compute && name.factor >= 1e6 && name.factor <= 1e12 &&
         !name.has("train") && !name.has("training") && !name.has("total") && !name.has("compute");
}

// Columns whose names have the role's words, with how well they match.
std::vector<std::pair<std::size_t, double>> word_matches(const Table& table, const Role& role) {
  std::vector<std::pair<std::size_t, double>> out;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const ColumnName name = read_column_name(table.columns[i]);
    const double match = word_match(name, role.words);
    if (match > 0 && !is_rate(role, name) && is_numeric(table, i, false)) out.emplace_back(i, match);
  }
  return out;
}

int best_match(const Table& table, const Role& role) {
  const auto matches = word_matches(table, role);
  const auto best = std::max_element(matches.begin(), matches.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  return best == matches.end() ? none : static_cast<int>(best->first);
}

// The only column that speaks of a loss or an error, or the only one that says nothing more than that; one of
// training where there is no other.
int only_loss(const Table& table) {
  const auto matches = word_matches(table, find_role(role::error));
  for (const bool training : {false, true}) {
    std::vector<std::size_t> all, plain;
    for (const auto& [column, match] : matches) {
      const ColumnName name = read_column_name(table.columns[column]);
      if ((name.has("train") || name.has("training")) != training) continue;
      all.push_back(column);
      if (match >= 1 && name.factor == 1) plain.push_back(column);
    }
    if (all.size() == 1) return static_cast<int>(all[0]);
    if (plain.size() == 1) return static_cast<int>(plain[0]);
    if (!all.empty()) return none;
  }
  return none;
}

// Where no column speaks of an error: the accuracy, the plainest of several.
int only_accuracy(const Table& table) {
  std::vector<int> all;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (direction_of(table.columns[i]) == Direction::rises && is_numeric(table, i, false))
      all.push_back(static_cast<int>(i));
  }
  if (all.size() == 1) return all[0];
  for (const char* plain : {"accuracy", "acc", "test_accuracy", "val_accuracy", "validation_accuracy",
                            "test_acc", "val_acc", "top1"}) {
    for (const int i : all) {
      if (normal_name(table.columns[static_cast<std::size_t>(i)]) == plain) return i;
    }
  }
  return none;
}

int find_column(const Table& table, const Role& role, const std::string& asked) {
  if (asked == "none") return none;
  if (!asked.empty()) {
    return static_cast<int>(named_column(table, asked, fmt::format("columns.{}: {}", role.name, role.help)));
  }
  return usual_column(table, role);
}

// One column, several (a list with commas), or, for "others", all that no role has.
std::vector<std::size_t> find_group(const Table& table, const std::string& asked,
                                    const std::vector<std::size_t>& taken) {
  std::vector<std::size_t> out;
  if (asked == "others") {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (std::count(taken.begin(), taken.end(), i) == 0) out.push_back(i);
    }
    return out;
  }
  const bool whole = std::count(table.columns.begin(), table.columns.end(), asked) > 0;
  if (whole || asked.find(',') == std::string::npos) {
    const int found = find_column(table, find_role(role::group), asked);
    if (found >= 0) out.push_back(static_cast<std::size_t>(found));
    return out;
  }
  for (std::size_t start = 0; start <= asked.size();) {
    const std::size_t end = std::min(asked.find(',', start), asked.size());
    out.push_back(named_column(table, asked.substr(start, end - start), "columns.group"));
    start = end + 1;
  }
  return out;
}

[[noreturn]] void refuse_missing(const Table& table, const Role& role) {
  std::vector<std::string> near;
  for (const std::string& name : named_columns(table)) {
    const std::string normal = normal_name(name);
    const bool loss = normal.find("loss") != std::string::npos || normal.find("err") != std::string::npos;
    if (std::string(role.name) == role::error ? loss || direction_of(name) == Direction::rises : false)
      near.push_back(name);
  }
  const std::string hint = near.size() > 1 ? fmt::format("choose one: --set columns.{}={} (there are {})",
                                                         role.name, near[0], fmt::join(near, ", "))
                                           : fmt::format("name it: --set columns.{}=NAME; the columns are {}",
                                                         role.name, fmt::join(named_columns(table), ", "));
  throw UserError(files_of(table), fmt::format("no column for the {} ({})", role.name, role.help), hint);
}

}  // namespace

std::size_t named_column(const Table& table, const std::string& name, const std::string& why) {
  const auto found = std::find(table.columns.begin(), table.columns.end(), name);
  if (found == table.columns.end()) {
    throw UserError(files_of(table), fmt::format("no column '{}' ({})", name, why),
                    base::suggest(name, named_columns(table)));
  }
  return static_cast<std::size_t>(found - table.columns.begin());
}

int usual_column(const Table& table, const Role& role) {
  // By its whole name; a nested key by its last part: {"result": {"error": …}}.
  for (const bool nested : {false, true}) {
    std::unordered_multimap<std::string, std::size_t> usual_names;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const std::string& name = table.columns[i];
      const std::size_t dot = name.rfind('.');
      if (nested && dot == std::string::npos) continue;
      std::string normal = normal_name(nested ? name.substr(dot + 1) : name);
      if (std::count(role.usual.begin(), role.usual.end(), normal) > 0)
        usual_names.emplace(std::move(normal), i);
    }
    for (const std::string& usual : role.usual) {
      std::vector<std::size_t> found;
      for (auto [at, end] = usual_names.equal_range(usual); at != end; ++at) found.push_back(at->second);
      std::sort(found.begin(), found.end());
      for (const std::size_t i : found) {
        if (fits(table, role, i)) return static_cast<int>(i);
      }
    }
  }
  if (std::string(role.name) != role::error) return best_match(table, role);
  const int loss = only_loss(table);
  return loss >= 0 || !word_matches(table, role).empty() ? loss : only_accuracy(table);
}

ChosenColumns choose_columns(const Table& table, const Columns& columns, const std::string& decimal) {
  ChosenColumns chosen;
  std::vector<std::string> told;
  std::vector<std::size_t> taken;
  const auto take = [&](const Role& role, std::size_t index, const std::string& how) {
    const std::string& name = table.columns[index];
    for (const auto& [other, column] : chosen.names) {
      if (column == name) {
        throw UserError(files_of(table),
                        fmt::format("column '{}' is taken for both {} and {}", name, other, role.name),
                        fmt::format("--set columns.{}=none if there is none", role.name));
      }
    }
    std::string& all = chosen.names[role.name];
    all += (all.empty() ? "" : ",") + name;
    taken.push_back(index);
    const bool automatic = columns.asked(role.name).empty();
    told.push_back(fmt::format("{} = '{}'{}{}", role.name, name, how, automatic ? " (by its name)" : ""));
  };
  for (const Role& role : roles()) {
    if (std::string(role.name) == role::group) continue;
    const int found = find_column(table, role, columns.asked(role.name));
    if (found < 0) continue;
    const auto index = static_cast<std::size_t>(found);
    chosen.column[role.name] = index;
    std::string how;
    if (role.is_number())
      how =
          chosen.numbers.emplace(role.name, column_numbers(table, index, role, decimal)).first->second.told();
    take(role, index, how);
  }
  chosen.group = find_group(table, columns.asked(role::group), taken);
  for (const std::size_t index : chosen.group) take(find_role(role::group), index, "");
  if (chosen.column.count(role::error) == 0) refuse_missing(table, find_role(role::error));
  const bool varied = chosen.column.count(variable::size) + chosen.column.count(variable::data) +
                          chosen.column.count(variable::compute) >
                      0;
  if (!varied) refuse_missing(table, find_role(variable::data));
  chosen.note = fmt::format("columns: {}", fmt::join(told, ", "));
  return chosen;
}

}  // namespace frugal::fit
