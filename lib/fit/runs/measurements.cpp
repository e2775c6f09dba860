#include "fit/runs/measurements.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "fit/runs/columns.h"

namespace frugal::fit {
namespace {

using base::UserError;

std::string shown(const std::string& text) {
  return text.size() > 40 ? fmt::format("'{}...'", text.substr(0, 37)) : fmt::format("'{}'", text);
}

double to_number(const Table& table, const Table::Row& row, std::size_t column, const char* role) {
  const std::string& raw = row.cells[column].text;
  const std::string place = fmt::format("{}: column '{}'", table.place(row), table.columns[column]);
  const std::size_t first = raw.find_first_not_of(" \t\r\n+"), last = raw.find_last_not_of(" \t\r\n");
  double value = 0;
  const char* begin = raw.data() + std::min(first, raw.size());
  const char* end = raw.data() + (last == std::string::npos ? raw.size() : last + 1);
  const auto [stop, problem] = std::from_chars(begin, std::max(begin, end), value);
  if (problem == std::errc::result_out_of_range) {
    throw UserError(place, fmt::format("{} is out of range", shown(raw)),
                    "a number between 1e-307 and 1e308");
  }
  if (problem != std::errc() || stop != end) {
    throw UserError(
        place, fmt::format("must be a number, got {}", shown(raw)),
        fmt::format("it is taken for the {}; choose another column with --set columns.{}=NAME", role, role));
  }
  if (!std::isfinite(value)) {
    throw UserError(place, fmt::format("must be finite, got {}", raw),
                    "a run that diverged says nothing about the law: leave its row out");
  }
  if (!(value > 0)) {
    throw UserError(place, fmt::format("the {} must be > 0, got {}", role, raw),
                    "laws of scale are power laws; they know no zero and no negative numbers");
  }
  return value;
}

std::string row_key(const Table::Row& row) {
  std::string key;
  for (const Cell& cell : row.cells) {
    key += cell.missing ? std::string("\x02") : cell.text;
    key += '\x01';
  }
  return key;
}

}  // namespace

void Columns::visit(config::Visitor& v) {
  v.field("size", size,
          "column of the model's parameters; empty: found by the usual names, none: there is none");
  v.field("data", data, "column of the examples or tokens trained on");
  v.field("compute", compute, "column of the floating-point operations of training");
  v.field("error", error, "column of the error or loss");
  v.field("unique_data", unique_data, "column of the different examples or tokens");
  v.field("density", density, "column of the share of weights that pruning left");
  v.field("group", group,
          "column of the series, each fitted on its own; several: a,b; others: every column left");
  v.field("weight", weight, "column of weights");
  v.field("standard_error", standard_error, "column of the error's standard error");
  v.field("train", train, "column that is 0 for rows to be held out");
}

void MeasurementConfig::visit(config::Visitor& v) {
  v.object("columns", columns, "which column is what");
  v.field("where", where, "keep only the rows whose column has this text");
  v.choice("missing", missing, {"error", "drop"}, "what to do with a row that lacks a value");
  v.choice("invalid", invalid, {"error", "drop"},
           "what to do with a row whose value is no number, not finite, or not > 0");
  v.choice(
      "duplicates", duplicates, {"drop", "keep", "error"},
      "what to do with rows that are the same in every column (repeats differ at least in seed or error)");
}

namespace {

// Which column of the table plays which role.
struct Chosen {
  std::map<std::string, int> column;  // by role; -1: none
  std::vector<std::size_t> group;
  std::vector<std::pair<std::size_t, std::string>> where;

  int of(const char* role) const { return column.at(role); }
  // The role whose value this row lacks, or nothing.
  const char* lacks(const Table::Row& row) const {
    const char* found = nullptr;
    for (const auto& [role, index] : column) {
      if (index >= 0 && row.cells[static_cast<std::size_t>(index)].missing) found = role.c_str();
    }
    return found;
  }
  bool wanted(const Table::Row& row) const {
    return std::all_of(where.begin(), where.end(),
                       [&](const auto& one) { return row.cells[one.first].text == one.second; });
  }
  std::string group_of(const Table::Row& row) const {
    std::string name;
    for (const std::size_t index : group) name += (name.empty() ? "" : "/") + row.cells[index].text;
    return name;
  }
};

Chosen choose_columns(const Table& table, const MeasurementConfig& config, const ColumnChooser& chooser,
                      Measurements& m) {
  Chosen chosen;
  std::vector<std::string> told;
  std::vector<int> taken;
  const auto take = [&](const Role& role, std::size_t index) {
    const std::string& name = table.columns[index];
    for (const auto& [other, column] : m.chosen) {
      if (column == name) {
        throw UserError(chooser.files(),
                        fmt::format("column '{}' is taken for both {} and {}", name, other, role.name),
                        fmt::format("--set columns.{}=none if there is none", role.name));
      }
    }
    std::string& all = m.chosen[role.name];
    all += (all.empty() ? "" : ",") + name;
    taken.push_back(static_cast<int>(index));
    const bool automatic = (config.columns.*(role.column)).empty();
    told.push_back(fmt::format("{} = '{}'{}", role.name, name, automatic ? " (by its name)" : ""));
  };
  const Role* series = nullptr;
  for (const Role& role : roles()) {
    if (role.column == &Columns::group) {
      series = &role;
      continue;
    }
    const int index = chosen.column[role.name] = chooser.find(role);
    if (index >= 0) take(role, static_cast<std::size_t>(index));
  }
  chosen.group = chooser.find_group(taken);
  FRUGAL_ASSERT(series != nullptr, "a role for the series");
  for (const std::size_t index : chosen.group) take(*series, index);
  const auto need = [&](const std::string& name) {
    for (const Role& role : roles()) {
      if (role.name == name) chooser.refuse_missing(role);
    }
  };
  if (chosen.of("error") < 0) need("error");
  if (chosen.of("size") < 0 && chosen.of("data") < 0 && chosen.of("compute") < 0) need("data");
  m.notes.push_back(fmt::format("columns: {}", fmt::join(told, ", ")));
  for (const auto& [name, value] : config.where)
    chosen.where.emplace_back(chooser.named(name, "where"), value);
  return chosen;
}

struct NumberColumn {
  const char* role;
  std::vector<double> Measurements::*values;
};
constexpr std::array<NumberColumn, 8> number_columns = {{{"size", &Measurements::size},
                                                         {"data", &Measurements::data},
                                                         {"compute", &Measurements::compute},
                                                         {"error", &Measurements::error},
                                                         {"unique_data", &Measurements::unique_data},
                                                         {"density", &Measurements::density},
                                                         {"weight", &Measurements::weight},
                                                         {"standard_error", &Measurements::standard_error}}};

// The numbers of one row, in the order of number_columns; 0 where there is no such column.
std::array<double, 8> numbers_of(const Table& table, const Table::Row& row, const Chosen& chosen) {
  std::array<double, 8> out{};
  for (std::size_t k = 0; k < number_columns.size(); ++k) {
    const int index = chosen.of(number_columns[k].role);
    if (index >= 0) out[k] = to_number(table, row, static_cast<std::size_t>(index), number_columns[k].role);
  }
  return out;
}

bool is_held_out(const Table& table, const Table::Row& row, std::size_t column) {
  const std::string& text = row.cells[column].text;
  const int truth = truth_of(text);
  if (truth < 0) {
    throw UserError(fmt::format("{}: column '{}'", table.place(row), table.columns[column]),
                    fmt::format("must say whether the row is fitted, got {}", shown(text)),
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

}  // namespace

Measurements to_measurements(const Table& table, const MeasurementConfig& config) {
  const ColumnChooser chooser(table, config.columns);
  if (table.rows.empty())
    throw UserError(chooser.files(), "has no rows", "a header line and at least two rows");
  Measurements m;
  m.rows_read = table.rows.size();
  const Chosen chosen = choose_columns(table, config, chooser, m);
  std::unordered_set<std::string> seen;
  std::unordered_map<std::string, std::size_t> groups;
  std::string first_duplicate, first_invalid;
  for (const Table::Row& row : table.rows) {
    if (!chosen.wanted(row)) {
      ++m.dropped_where;
      continue;
    }
    if (const char* role = chosen.lacks(row)) {
      if (config.missing == "error") {
        throw UserError(fmt::format("{}: column '{}'", table.place(row), m.chosen[role]),
                        fmt::format("has no value for the {}", role),
                        "leave the row out, or --set missing=drop leaves out all such rows");
      }
      ++m.dropped_missing;
      continue;
    }
    if (config.duplicates != "keep" && !seen.insert(row_key(row)).second) {
      if (config.duplicates == "error") {
        throw UserError(table.place(row), "is the same as an earlier row in every column",
                        "--set duplicates=drop counts it once, --set duplicates=keep counts it twice");
      }
      if (m.dropped_duplicates++ == 0) first_duplicate = table.place(row);
      continue;
    }
    std::array<double, 8> numbers{};
    try {
      numbers = numbers_of(table, row, chosen);
    } catch (const UserError& error) {
      if (config.invalid == "error") throw;
      if (m.dropped_invalid++ == 0) first_invalid = error.what();
      continue;
    }
    for (std::size_t k = 0; k < numbers.size(); ++k) {
      if (chosen.of(number_columns[k].role) >= 0) (m.*number_columns[k].values).push_back(numbers[k]);
    }
    if (const int index = chosen.of("train"); index >= 0)
      m.held_out.push_back(is_held_out(table, row, static_cast<std::size_t>(index)) ? 1 : 0);
    if (!chosen.group.empty()) {
      const std::string name = chosen.group_of(row);
      const auto [found, fresh] = groups.try_emplace(name, m.group_names.size());
      if (fresh) m.group_names.push_back(name);
      m.group.push_back(found->second);
    }
    m.places.push_back(table.place(row));
  }
  tell_dropped(m, first_duplicate, first_invalid);
  if (m.count() == 0) {
    throw UserError(chooser.files(), fmt::format("none of {} rows is left", m.rows_read),
                    m.dropped_where > 0     ? "no row has the texts that `where` asks for"
                    : m.dropped_invalid > 0 ? first_invalid
                                            : "");
  }
  return m;
}

Measurements Measurements::subset(const std::vector<std::size_t>& rows) const {
  Measurements out;
  const auto take = [&rows](const auto& from, auto& to) {
    if (from.empty()) return;
    for (const std::size_t row : rows) to.push_back(from[row]);
  };
  take(size, out.size);
  take(data, out.data);
  take(compute, out.compute);
  take(error, out.error);
  take(unique_data, out.unique_data);
  take(density, out.density);
  take(weight, out.weight);
  take(standard_error, out.standard_error);
  take(held_out, out.held_out);
  take(group, out.group);
  take(places, out.places);
  out.group_names = group_names;
  out.chosen = chosen;
  out.rows_read = rows.size();
  return out;
}

std::size_t distinct(const std::vector<double>& values) {
  return std::set<double>(values.begin(), values.end()).size();
}

}  // namespace frugal::fit
