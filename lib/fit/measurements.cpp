#include "fit/measurements.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"

namespace frugal::fit {
namespace {

using base::UserError;

struct Role {
  const char* name;
  const char* help;
  std::string Columns::*column;
  // Usual names, the likeliest first; lower case with '_' unless they are one letter.
  std::vector<std::string> usual;
};

const std::vector<Role>& roles() {
  static const std::vector<Role> table = {
      {"size",
       "the model's parameters",
       &Columns::size,
       {"params", "parameters", "n_params", "num_params", "num_parameters", "model_params",
        "model_parameters", "model_size", "size", "N", "m"}},
      {"data",
       "examples or tokens trained on",
       &Columns::data,
       {"train_examples", "tokens", "train_tokens", "training_tokens", "num_tokens", "n_tokens", "examples",
        "seen_examples", "examples_seen", "samples", "train_samples", "num_samples", "dataset_size", "data",
        "data_size", "D", "n"}},
      {"compute",
       "floating-point operations of training",
       &Columns::compute,
       {"compute", "flops", "train_flops", "training_flops", "total_flops", "C"}},
      {"error",
       "error or loss",
       &Columns::error,
       {"error", "test_error", "val_error", "validation_error", "error_rate", "eval_error", "err", "loss",
        "val_loss", "validation_loss", "test_loss", "eval_loss", "final_loss", "y"}},
      {"unique_data",
       "examples or tokens that are different",
       &Columns::unique_data,
       {"unique_data", "unique_tokens", "unique_examples", "unique_samples"}},
      {"density", "share of the weights that pruning left", &Columns::density, {"density"}},
      {"group", "series: each is fitted on its own", &Columns::group, {"group", "series"}},
      {"weight", "weight in the fit", &Columns::weight, {"weight", "weights"}},
      {"standard_error",
       "standard error of the error",
       &Columns::standard_error,
       {"standard_error", "std_error", "stderr", "error_se", "loss_se", "se"}},
      {"train", "1: fitted, 0: held out", &Columns::train, {"training", "is_train", "train", "split"}},
  };
  return table;
}

std::string normal_name(const std::string& name) {
  if (name.size() == 1) return name;  // N is not n
  std::string out;
  for (const char c : name) {
    out += c == ' ' || c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

std::string shown(const std::string& text) {
  return text.size() > 40 ? fmt::format("'{}...'", text.substr(0, 37)) : fmt::format("'{}'", text);
}

int truth_of(const std::string& text) {
  static const std::unordered_map<std::string, int> words = {
      {"1", 1},        {"1.0", 1}, {"true", 1},     {"train", 1},   {"yes", 1},    {"fit", 1},
      {"training", 1}, {"0", 0},   {"0.0", 0},      {"false", 0},   {"test", 0},   {"validation", 0},
      {"val", 0},      {"no", 0},  {"held_out", 0}, {"heldout", 0}, {"predict", 0}};
  const auto found = words.find(normal_name(text));
  return found == words.end() ? -1 : found->second;
}

class Chooser {
 public:
  Chooser(const Table& table, const Columns& columns) : table_(table), columns_(columns) {}

  // -1: no such column.
  int find(const Role& role) const {
    const std::string& asked = columns_.*(role.column);
    if (asked == "none") return -1;
    if (!asked.empty()) {
      const auto found = std::find(table_.columns.begin(), table_.columns.end(), asked);
      if (found != table_.columns.end()) return static_cast<int>(found - table_.columns.begin());
      throw UserError(files(), fmt::format("no column '{}' (columns.{}: {})", asked, role.name, role.help),
                      base::suggest(asked, named_columns()));
    }
    for (const std::string& usual : role.usual) {
      for (std::size_t i = 0; i < table_.columns.size(); ++i) {
        if (normal_name(table_.columns[i]) == usual && fits(role, i)) return static_cast<int>(i);
      }
    }
    // A nested key by its last part: {"result": {"error": …}}.
    for (const std::string& usual : role.usual) {
      for (std::size_t i = 0; i < table_.columns.size(); ++i) {
        const std::string& name = table_.columns[i];
        const std::size_t dot = name.rfind('.');
        if (dot != std::string::npos && normal_name(name.substr(dot + 1)) == usual && fits(role, i)) {
          return static_cast<int>(i);
        }
      }
    }
    return std::string(role.name) == "error" ? only_loss() : -1;
  }

  [[noreturn]] void refuse_missing(const Role& role) const {
    std::vector<std::string> near;
    for (const std::string& name : named_columns()) {
      const std::string normal = normal_name(name);
      if (normal.find("loss") != std::string::npos || normal.find("err") != std::string::npos)
        near.push_back(name);
    }
    const std::string hint = near.size() > 1
                                 ? fmt::format("choose one: --set columns.{}={} (there are {})", role.name,
                                               near[0], fmt::join(near, ", "))
                                 : fmt::format("name it: --set columns.{}=NAME; the columns are {}",
                                               role.name, fmt::join(named_columns(), ", "));
    throw UserError(files(), fmt::format("no column for the {} ({})", role.name, role.help), hint);
  }

  std::string files() const { return fmt::format("{}", fmt::join(table_.files, ", ")); }
  std::vector<std::string> named_columns() const {
    std::vector<std::string> names;
    for (const std::string& name : table_.columns) {
      if (!name.empty()) names.push_back(name);
    }
    return names;
  }

 private:
  // A column named `train` may hold the name of a corpus: only one of truth values is a split.
  bool fits(const Role& role, std::size_t column) const {
    if (std::string(role.name) != "train") return true;
    return std::all_of(table_.rows.begin(), table_.rows.end(), [&](const Table::Row& row) {
      return !row.cells[column].missing && truth_of(row.cells[column].text) >= 0;
    });
  }

  int only_loss() const {
    int only = -1;
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      const std::string name = normal_name(table_.columns[i]);
      if (name.find("loss") == std::string::npos && name.find("error") == std::string::npos) continue;
      if (only >= 0) return -1;
      only = static_cast<int>(i);
    }
    return only;
  }

  const Table& table_;
  const Columns& columns_;
};

enum class Sign { positive, any };

double to_number(const Table& table, const Table::Row& row, std::size_t column, Sign sign, const char* role) {
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
  if (sign == Sign::positive && !(value > 0)) {
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
  v.field("group", group, "column of the series; each is fitted on its own");
  v.field("weight", weight, "column of weights");
  v.field("standard_error", standard_error, "column of the error's standard error");
  v.field("train", train, "column that is 0 for rows to be held out");
}

void MeasurementConfig::visit(config::Visitor& v) {
  v.object("columns", columns, "which column is what");
  v.field("where", where, "keep only the rows whose column has this text");
  v.choice("missing", missing, {"error", "drop"}, "what to do with a row that lacks a value");
  v.choice(
      "duplicates", duplicates, {"drop", "keep", "error"},
      "what to do with rows that are the same in every column (repeats differ at least in seed or error)");
}

Measurements to_measurements(const Table& table, const MeasurementConfig& config) {
  const Chooser chooser(table, config.columns);
  if (table.rows.empty())
    throw UserError(chooser.files(), "has no rows", "a header line and at least two rows");

  Measurements m;
  m.rows_read = table.rows.size();
  std::map<std::string, int> column;
  std::vector<std::string> chosen_text;
  for (const Role& role : roles()) {
    const int index = chooser.find(role);
    column[role.name] = index;
    if (index < 0) continue;
    const std::string& name = table.columns[static_cast<std::size_t>(index)];
    for (const auto& [other, taken] : m.chosen) {
      if (taken == name) {
        throw UserError(chooser.files(),
                        fmt::format("column '{}' is taken for both {} and {}", name, other, role.name),
                        fmt::format("--set columns.{}=none if there is none", role.name));
      }
    }
    m.chosen[role.name] = name;
    const bool automatic = (config.columns.*(role.column)).empty();
    chosen_text.push_back(fmt::format("{} = '{}'{}", role.name, name, automatic ? " (by its name)" : ""));
  }
  for (const Role& role : roles()) {
    const std::string name = role.name;
    if (name == "error" && column[name] < 0) chooser.refuse_missing(role);
  }
  if (column["size"] < 0 && column["data"] < 0 && column["compute"] < 0) {
    for (const Role& role : roles()) {
      if (std::string(role.name) == "data") chooser.refuse_missing(role);
    }
  }
  m.notes.push_back(fmt::format("columns: {}", fmt::join(chosen_text, ", ")));

  std::vector<std::pair<std::size_t, std::string>> where;
  for (const auto& [name, value] : config.where) {
    const auto found = std::find(table.columns.begin(), table.columns.end(), name);
    if (found == table.columns.end()) {
      throw UserError(chooser.files(), fmt::format("no column '{}' (where)", name),
                      base::suggest(name, chooser.named_columns()));
    }
    where.emplace_back(static_cast<std::size_t>(found - table.columns.begin()), value);
  }

  struct NumberColumn {
    const char* role;
    std::vector<double>* values;
  };
  const std::array<NumberColumn, 8> numbers = {{{"size", &m.size},
                                                {"data", &m.data},
                                                {"compute", &m.compute},
                                                {"error", &m.error},
                                                {"unique_data", &m.unique_data},
                                                {"density", &m.density},
                                                {"weight", &m.weight},
                                                {"standard_error", &m.standard_error}}};
  std::unordered_set<std::string> seen;
  std::unordered_map<std::string, std::size_t> groups;
  std::vector<std::string> duplicate_places;
  for (const Table::Row& row : table.rows) {
    bool keep = true;
    for (const auto& [index, value] : where) keep = keep && row.cells[index].text == value;
    if (!keep) {
      ++m.dropped_where;
      continue;
    }
    const char* lacks = nullptr;
    for (const auto& [role, index] : column) {
      if (index >= 0 && row.cells[static_cast<std::size_t>(index)].missing) lacks = role.c_str();
    }
    if (lacks != nullptr) {
      if (config.missing == "drop") {
        ++m.dropped_missing;
        continue;
      }
      throw UserError(fmt::format("{}: column '{}'", table.place(row), m.chosen[lacks]),
                      fmt::format("has no value for the {}", lacks),
                      "leave the row out, or --set missing=drop leaves out all such rows");
    }
    if (config.duplicates != "keep" && !seen.insert(row_key(row)).second) {
      if (config.duplicates == "error") {
        throw UserError(table.place(row), "is the same as an earlier row in every column",
                        "--set duplicates=drop counts it once, --set duplicates=keep counts it twice");
      }
      ++m.dropped_duplicates;
      duplicate_places.push_back(table.place(row));
      continue;
    }
    for (const NumberColumn& number : numbers) {
      const int index = column[number.role];
      if (index < 0) continue;
      number.values->push_back(
          to_number(table, row, static_cast<std::size_t>(index), Sign::positive, number.role));
    }
    if (const int index = column["train"]; index >= 0) {
      const std::string& text = row.cells[static_cast<std::size_t>(index)].text;
      const int truth = truth_of(text);
      if (truth < 0) {
        throw UserError(fmt::format("{}: column '{}'", table.place(row), m.chosen["train"]),
                        fmt::format("must say whether the row is fitted, got {}", shown(text)),
                        "1, true or train; 0, false or test");
      }
      m.held_out.push_back(truth == 0 ? 1 : 0);
    }
    if (const int index = column["group"]; index >= 0) {
      const std::string& name = row.cells[static_cast<std::size_t>(index)].text;
      const auto [found, fresh] = groups.try_emplace(name, m.group_names.size());
      if (fresh) m.group_names.push_back(name);
      m.group.push_back(found->second);
    }
    m.places.push_back(table.place(row));
  }
  if (m.count() == 0) {
    throw UserError(chooser.files(), fmt::format("none of {} rows is left", m.rows_read),
                    m.dropped_where > 0 ? "no row has the texts that `where` asks for" : "");
  }
  if (m.dropped_where > 0) m.notes.push_back(fmt::format("{} rows left out by `where`", m.dropped_where));
  if (m.dropped_missing > 0) {
    m.notes.push_back(fmt::format("{} rows left out because they lack a value", m.dropped_missing));
  }
  if (m.dropped_duplicates > 0) {
    m.notes.push_back(
        fmt::format("{} rows are the same as an earlier one in every column and are counted once "
                    "(first: {}; duplicates=keep counts them)",
                    m.dropped_duplicates, duplicate_places.front()));
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

Repeats find_repeats(const Measurements& m) {
  Repeats repeats;
  std::map<std::array<double, 6>, std::size_t> cells;
  const auto value = [](const std::vector<double>& values, std::size_t i) {
    return values.empty() ? 0.0 : values[i];
  };
  for (std::size_t i = 0; i < m.count(); ++i) {
    const std::array<double, 6> key = {
        m.group.empty() ? 0.0 : static_cast<double>(m.group[i]), value(m.size, i), value(m.data, i),
        // Compute follows from size and data where both are there (up to rounding).
        m.size.empty() || m.data.empty() ? value(m.compute, i) : 0.0, value(m.unique_data, i),
        value(m.density, i)};
    repeats.cell.push_back(cells.try_emplace(key, cells.size()).first->second);
  }
  repeats.cells = cells.size();
  std::vector<double> sum(repeats.cells), squares(repeats.cells), count(repeats.cells);
  for (std::size_t i = 0; i < m.count(); ++i) {
    sum[repeats.cell[i]] += std::log(m.error[i]);
    count[repeats.cell[i]] += 1;
  }
  for (std::size_t i = 0; i < m.count(); ++i) {
    const std::size_t c = repeats.cell[i];
    squares[c] += std::pow(std::log(m.error[i]) - sum[c] / count[c], 2);
  }
  double total = 0, freedom = 0;
  for (std::size_t c = 0; c < repeats.cells; ++c) {
    if (count[c] < 2) continue;
    ++repeats.repeated_cells;
    total += squares[c];
    freedom += count[c] - 1;
  }
  repeats.log_error_sd = freedom > 0 ? std::sqrt(total / freedom) : 0.0;
  return repeats;
}

std::size_t distinct(const std::vector<double>& values) {
  return std::set<double>(values.begin(), values.end()).size();
}

}  // namespace frugal::fit
