#include "fit/runs/columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <unordered_map>

#include "base/error.h"

namespace frugal::fit {

using base::UserError;

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
        "seen_examples", "examples_seen", "images", "train_images", "samples", "train_samples", "num_samples",
        "dataset_size", "data", "data_size", "D", "n"}},
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

namespace {

// "Seen Examples" -> "seen_examples"; one letter stays as it is: N is not n.
std::string normal_name(const std::string& name) {
  if (name.size() == 1) return name;  // N is not n
  std::string out;
  for (const char c : name) {
    out += c == ' ' || c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

}  // namespace

int truth_of(const std::string& text) {
  static const std::unordered_map<std::string, int> words = {
      {"1", 1},        {"1.0", 1}, {"true", 1},     {"train", 1},   {"yes", 1},    {"fit", 1},
      {"training", 1}, {"0", 0},   {"0.0", 0},      {"false", 0},   {"test", 0},   {"validation", 0},
      {"val", 0},      {"no", 0},  {"held_out", 0}, {"heldout", 0}, {"predict", 0}};
  const auto found = words.find(normal_name(text));
  return found == words.end() ? -1 : found->second;
}

std::size_t ColumnChooser::named(const std::string& column, const std::string& why) const {
  const auto found = std::find(table_.columns.begin(), table_.columns.end(), column);
  if (found == table_.columns.end()) {
    throw UserError(files(), fmt::format("no column '{}' ({})", column, why),
                    base::suggest(column, named_columns()));
  }
  return static_cast<std::size_t>(found - table_.columns.begin());
}

int ColumnChooser::find(const Role& role) const {
  const std::string& asked = columns_.*(role.column);
  if (asked == "none") return -1;
  if (!asked.empty()) {
    return static_cast<int>(named(asked, fmt::format("columns.{}: {}", role.name, role.help)));
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

std::vector<std::size_t> ColumnChooser::find_group(const std::vector<int>& taken) const {
  std::vector<std::size_t> out;
  const std::string& asked = columns_.group;
  if (asked == "others") {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (std::find(taken.begin(), taken.end(), static_cast<int>(i)) == taken.end()) out.push_back(i);
    }
    return out;
  }
  const bool whole = std::find(table_.columns.begin(), table_.columns.end(), asked) != table_.columns.end();
  if (whole || asked.find(',') == std::string::npos) {
    const auto role = std::find_if(roles().begin(), roles().end(),
                                   [](const Role& one) { return one.column == &Columns::group; });
    if (const int found = find(*role); found >= 0) out.push_back(static_cast<std::size_t>(found));
    return out;
  }
  for (std::size_t start = 0; start <= asked.size();) {
    const std::size_t end = std::min(asked.find(',', start), asked.size());
    out.push_back(named(asked.substr(start, end - start), "columns.group"));
    start = end + 1;
  }
  return out;
}

void ColumnChooser::refuse_missing(const Role& role) const {
  std::vector<std::string> near;
  for (const std::string& name : named_columns()) {
    const std::string normal = normal_name(name);
    if (normal.find("loss") != std::string::npos || normal.find("err") != std::string::npos)
      near.push_back(name);
  }
  const std::string hint = near.size() > 1 ? fmt::format("choose one: --set columns.{}={} (there are {})",
                                                         role.name, near[0], fmt::join(near, ", "))
                                           : fmt::format("name it: --set columns.{}=NAME; the columns are {}",
                                                         role.name, fmt::join(named_columns(), ", "));
  throw UserError(files(), fmt::format("no column for the {} ({})", role.name, role.help), hint);
}

std::string ColumnChooser::files() const { return fmt::format("{}", fmt::join(table_.files, ", ")); }

std::vector<std::string> ColumnChooser::named_columns() const {
  std::vector<std::string> names;
  for (const std::string& name : table_.columns) {
    if (!name.empty()) names.push_back(name);
  }
  return names;
}

// A column named `train` may hold the name of a corpus: only one of truth values is a split.
bool ColumnChooser::fits(const Role& role, std::size_t column) const {
  if (std::string(role.name) != "train") return true;
  return std::all_of(table_.rows.begin(), table_.rows.end(), [&](const Table::Row& row) {
    return !row.cells[column].missing && truth_of(row.cells[column].text) >= 0;
  });
}

int ColumnChooser::only_loss() const {
  int only = -1;
  for (std::size_t i = 0; i < table_.columns.size(); ++i) {
    const std::string name = normal_name(table_.columns[i]);
    if (name.find("loss") == std::string::npos && name.find("error") == std::string::npos) continue;
    if (only >= 0) return -1;
    only = static_cast<int>(i);
  }
  return only;
}

}  // namespace frugal::fit
