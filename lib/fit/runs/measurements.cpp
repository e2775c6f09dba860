#include "fit/runs/measurements.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"

namespace frugal::fit {
namespace {

using base::UserError;

std::string row_key(const Table::Row& row) {
  std::string key;
  for (const RowCells::Entry& entry : row.cells.entries()) {
    key += std::to_string(entry.column) + '\x02' + entry.cell.text + '\x01';
  }
  return key;
}

// The role whose value this row lacks, or null.
const Role* lacking(const Table::Row& row, const ChosenColumns& chosen) {
  for (const Role& role : roles()) {
    const auto found = chosen.column.find(role.name);
    if (found != chosen.column.end() && row.cells[found->second].missing) return &role;
  }
  return nullptr;
}

std::string series_of(const Table::Row& row, const ChosenColumns& chosen) {
  std::string name;
  for (const std::size_t index : chosen.group) name += (name.empty() ? "" : "/") + row.cells[index].text;
  return name;
}

bool is_held_out(const Table& table, const Table::Row& row, std::size_t column) {
  const std::string& text = row.cells[column].text;
  const int truth = truth_of(text);
  if (truth < 0) {
    throw UserError(fmt::format("{}: column '{}'", table.place(row), table.columns[column]),
                    fmt::format("must say whether the row is fitted, got {}", quoted(text)),
                    "1, true or train; 0, false or test");
  }
  return truth == 0;
}

void tell_dropped(Measurements& m, const std::string& first_duplicate, const std::string& first_invalid) {
  const auto tell = [&m](std::size_t count, const std::string& why) {
    if (count > 0) m.notes.push_back(fmt::format("{} rows {}", count, why));
  };
  tell(m.dropped_where, "left out by `where`");
  tell(m.dropped_missing, "left out because they lack a value");
  tell(m.dropped_invalid, "left out because a value cannot be used (first: " + first_invalid + ")");
  tell(m.dropped_duplicates,
       fmt::format("are the same as an earlier one in every column and are counted once "
                   "(first: {}; duplicates=keep counts them)",
                   first_duplicate));
}

// Reads one table row by row.
class Reader {
 public:
  Reader(const Table& table, const MeasurementConfig& config)
      : table_(table),
        config_(config),
        chosen_(choose_columns(table, config.columns, config.decimal)),
        numbers_(roles().size()) {
    for (const auto& [name, value] : config.where)
      where_.emplace_back(named_column(table, name, "where"), value);
    drop_partial("standard_error");
    drop_partial("weight");
    set_metric();
    for (const std::string& name : config.variables) {
      const std::size_t column = named_column(table, name, "a variable of the expression");
      variables_.push_back(column_numbers(table, column, variable_role(), config.decimal));
      variable_values_.emplace_back();
      m_.used_columns.push_back(column);
      m_.notes.push_back(fmt::format("'{}' is a variable of the expression", name));
    }
    for (const Role& role : roles()) {
      const auto found = chosen_.numbers.find(role.name);
      numbers_of_.push_back(found == chosen_.numbers.end() ? nullptr : &found->second);
    }
    m_.chosen = chosen_.names;
    m_.notes = table.notes;
    m_.notes.push_back(chosen_.note);
    for (const auto& [role, column] : chosen_.column) m_.used_columns.push_back(column);
    m_.used_columns.insert(m_.used_columns.end(), chosen_.group.begin(), chosen_.group.end());
    for (const auto& [column, text] : where_) m_.used_columns.push_back(column);
    m_.rows_read = table.rows.size();
  }

  void read(const Table::Row& row) {
    if (!is_wanted(row) || !is_whole(row) || !is_new(row) || !add_numbers(row)) return;
    Runs& runs = m_.runs;
    if (const auto train = chosen_.column.find(role::train); train != chosen_.column.end())
      runs.held_out.push_back(is_held_out(table_, row, train->second) ? 1 : 0);
    if (!chosen_.group.empty()) {
      const std::string name = series_of(row, chosen_);
      const auto [found, fresh] = series_.try_emplace(name, m_.series.size());
      if (fresh) m_.series.push_back(name);
      runs.series.push_back(found->second);
    }
    runs.places.push_back(table_.place(row));
    m_.rows.push_back(static_cast<std::size_t>(&row - table_.rows.data()));
  }

  Measurements finish() {
    for_each_number([&](std::size_t k, const Role& role, std::size_t) {
      if (role.scale != nullptr)
        m_.runs.set_column(role.name, std::move(numbers_[k]));
      else
        m_.runs.*role.values = std::move(numbers_[k]);
    });
    for (std::size_t k = 0; k < variables_.size(); ++k)
      m_.runs.set_column(config_.variables[k], std::move(variable_values_[k]));
    if (m_.metric.rises && m_.runs.count() > 0) accuracy_to_error();
    tell_dropped(m_, first_duplicate_, first_invalid_);
    if (m_.runs.count() == 0) {
      throw UserError(files_of(table_), fmt::format("none of {} rows is left", m_.rows_read),
                      m_.dropped_where > 0     ? "no row has the texts that `where` asks for"
                      : m_.dropped_invalid > 0 ? first_invalid_
                                               : "");
    }
    return std::move(m_);
  }

 private:
  static const Role& variable_role() {
    static const Role role = {"variable", "a variable of the expression", "", nullptr, nullptr, {}};
    return role;
  }

  // Found by its name, but not in every row: it is not used, and that is said.
  void drop_partial(const char* role) {
    const auto found = chosen_.column.find(role);
    if (found == chosen_.column.end() || !config_.columns.asked(role).empty()) return;
    const bool whole = std::none_of(table_.rows.begin(), table_.rows.end(),
                                    [&](const Table::Row& row) { return row.cells[found->second].missing; });
    if (whole) return;
    m_.notes.push_back(fmt::format("'{}' is not used: some rows have none", table_.columns[found->second]));
    chosen_.column.erase(found);
    chosen_.numbers.erase(role);
    m_.chosen.erase(role);
  }

  void set_metric() {
    const std::string& name = chosen_.names.at(role::error);
    const Direction direction = direction_of(name);
    m_.metric.name = name;
    m_.metric.rises =
        config_.metric == "rises" || (config_.metric == "auto" && direction == Direction::rises);
    if (config_.chance && !m_.metric.rises)
      throw UserError("chance",
                      fmt::format("has no effect: '{}' is taken for an error, which falls with scale", name),
                      "--set metric=rises where larger is better");
    if (config_.chance) m_.metric.chance = *config_.chance;
    chosen_.numbers.at(role::error).zero_allowed = m_.metric.rises;
  }

  // error = 1 - accuracy, of a fraction or per cent.
  void accuracy_to_error() {
    std::vector<double>& y = m_.runs.y;
    const ColumnNumbers& numbers = chosen_.numbers.at(role::error);
    const std::size_t top = static_cast<std::size_t>(std::max_element(y.begin(), y.end()) - y.begin());
    const bool read_as_percent = numbers.percent || numbers.name.percent;
    const double unit = !read_as_percent && y[top] > 1 ? 100 : 1;
    const std::string place = fmt::format("{}: column '{}'", m_.runs.places[top], m_.metric.name);
    if (y[top] >= unit) {
      throw UserError(
          place,
          y[top] == unit ? "has no error left: an accuracy must be below 1 (or 100 %)"
                         : fmt::format("must be an accuracy, a fraction or per cent, got {:g}", y[top]),
          "--set metric=falls fits the numbers as they are; or give an error that falls with scale");
    }
    for (double& value : y) value = 1 - value / unit;
    for (double& value : m_.runs.standard_error) value /= unit;
    m_.metric.unit = read_as_percent ? 100 : unit;
    m_.notes.push_back(fmt::format("'{}' rises with scale{}: fitted as error = 1 - {}", m_.metric.name,
                                   m_.metric.unit == 100 ? ", in per cent" : "", m_.metric.name));
  }

  bool is_wanted(const Table::Row& row) {
    const bool wanted = std::all_of(where_.begin(), where_.end(),
                                    [&](const auto& one) { return row.cells[one.first].text == one.second; });
    m_.dropped_where += wanted ? 0 : 1;
    return wanted;
  }

  bool is_whole(const Table::Row& row) {
    const Role* role = lacking(row, chosen_);
    if (role == nullptr) return true;
    if (config_.missing == "error") {
      throw UserError(fmt::format("{}: column '{}'", table_.place(row), m_.chosen[role->name]),
                      fmt::format("has no value for the {}", role->name),
                      "leave the row out, or --set missing=drop leaves out all such rows");
    }
    ++m_.dropped_missing;
    return false;
  }

  bool is_new(const Table::Row& row) {
    if (config_.duplicates == "keep" || seen_.insert(row_key(row)).second) return true;
    if (config_.duplicates == "error") {
      throw UserError(table_.place(row), "is the same as an earlier row in every column",
                      "--set duplicates=drop counts it once, --set duplicates=keep counts it twice");
    }
    if (m_.dropped_duplicates++ == 0) first_duplicate_ = table_.place(row);
    return false;
  }

  // Roles that are numbers and that the table has, with their column.
  template <class Do>
  void for_each_number(const Do& act) const {
    for (std::size_t k = 0; k < numbers_.size(); ++k) {
      const auto found = chosen_.column.find(roles()[k].name);
      if (roles()[k].is_number() && found != chosen_.column.end()) act(k, roles()[k], found->second);
    }
  }

  bool add_numbers(const Table::Row& row) {
    try {
      std::vector<double> read(numbers_.size());
      for_each_number([&](std::size_t k, const Role&, std::size_t) {
        read[k] = to_number(table_, row, *numbers_of_[k]);
      });
      std::vector<double> more;
      for (const ColumnNumbers& one : variables_) {
        if (row.cells[one.column].missing)
          throw UserError(fmt::format("{}: column '{}'", table_.place(row), table_.columns[one.column]),
                          "has no value for the expression");
        more.push_back(to_number(table_, row, one));
      }
      for_each_number([&](std::size_t k, const Role&, std::size_t) { numbers_[k].push_back(read[k]); });
      for (std::size_t k = 0; k < more.size(); ++k) variable_values_[k].push_back(more[k]);
      return true;
    } catch (const UserError& error) {
      if (config_.invalid == "error") throw;
      if (m_.dropped_invalid++ == 0) first_invalid_ = error.what();
      return false;
    }
  }

  const Table& table_;
  const MeasurementConfig& config_;
  ChosenColumns chosen_;
  std::vector<std::vector<double>> numbers_;      // of the rows that are used, a list a role
  std::vector<const ColumnNumbers*> numbers_of_;  // of each role
  std::vector<ColumnNumbers> variables_;          // of the expression
  std::vector<std::vector<double>> variable_values_;
  std::vector<std::pair<std::size_t, std::string>> where_;
  Measurements m_;
  std::unordered_set<std::string> seen_;
  std::unordered_map<std::string, std::size_t> series_;
  std::string first_duplicate_, first_invalid_;
};

}  // namespace

void MeasurementConfig::visit(config::Visitor& v) {
  v.object("columns", columns, "which column is what; empty: found by its usual names, none: there is none");
  v.field("where", where, "keep only the rows whose column has this text");
  v.choice("missing", missing, {"error", "drop"}, "what to do with a row that lacks a value");
  v.choice("invalid", invalid, {"error", "drop"},
           "what to do with a row whose value is no number, not finite, or not > 0");
  v.choice("metric", metric, {"auto", "falls", "rises"},
           "whether the error's column falls with scale (a loss) or rises (an accuracy: error = 1 - "
           "accuracy); auto: by its "
           "name");
  v.field("chance", chance, config::at_least(0),
          "accuracy of guessing, as a fraction; null: by the benchmark's name or level");
  v.choice("decimal", decimal, {"auto", "point", "comma"},
           "the decimal mark; auto: by column, from what is there");
  v.choice(
      "duplicates", duplicates, {"drop", "keep", "error"},
      "what to do with rows that are the same in every column (repeats differ at least in seed or error)");
}

void Measurements::select(const std::vector<std::size_t>& kept) {
  runs = runs.select(kept);
  std::vector<std::size_t> of_kept;
  for (const std::size_t i : kept) of_kept.push_back(rows[i]);
  rows = std::move(of_kept);
}

std::vector<std::vector<std::size_t>> Measurements::rows_by_series() const {
  std::vector<std::vector<std::size_t>> out(std::max<std::size_t>(1, series.size()));
  for (std::size_t i = 0; i < runs.count(); ++i) out[runs.series.empty() ? 0 : runs.series[i]].push_back(i);
  return out;
}

Measurements to_measurements(const Table& table, const MeasurementConfig& config) {
  if (table.rows.empty())
    throw UserError(files_of(table), "has no rows", "a header line and at least two rows");
  Reader reader(table, config);
  for (const Table::Row& row : table.rows) reader.read(row);
  return reader.finish();
}

}  // namespace frugal::fit
