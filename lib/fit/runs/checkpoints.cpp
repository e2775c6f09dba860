#include "fit/runs/checkpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "fit/runs/column_name.h"
#include "fit/runs/column_numbers.h"
#include "fit/runs/number.h"

namespace frugal::fit {

const RoleWords& step_words() {
  static const RoleWords words = {
      {"step", "iteration", "iter", "checkpoint", "update"},
      {"per", "warmup", "max", "total", "size", "lr", "time", "loss", "decay", "batch", "num", "last"}};
  return words;
}

const RoleWords& run_words() {
  static const RoleWords words = {{"run", "run name", "run id", "name", "id", "uuid"},
                                  {"dataset", "task", "host", "user"}};
  return words;
}

std::optional<std::size_t> column_by_words(const Table& table, const RoleWords& words, bool numeric) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string& name = table.columns[i];
    if (name.find('.') == std::string::npos && word_match(read_column_name(name), words) > 0 &&
        is_numeric(table, i, false) == numeric)
      return i;
  }
  return std::nullopt;
}

void keep_checkpoints(Table& table, const std::string& keep) {
  const auto step_column = column_by_words(table, step_words(), true),
             run_column = column_by_words(table, run_words(), false);
  if (!step_column || !run_column) return;
  const std::size_t step = *step_column, run = *run_column;
  struct Last {
    double step = -1;
    std::size_t row = 0;
    std::set<double> steps;
  };
  std::map<std::string, Last> runs;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const Table::Row& row = table.rows[i];
    if (row.cells[step].missing || row.cells[run].missing) return;
    const WrittenNumber at = read_number(row.cells[step].text);
    if (at.problem != WrittenNumber::Problem::none) return;
    Last& last = runs[row.cells[run].text];
    if (!last.steps.insert(at.value).second) return;  // the same step twice: these are no checkpoints
    if (at.value > last.step) last.step = at.value, last.row = i;
  }
  const auto long_runs =
      std::count_if(runs.begin(), runs.end(), [](const auto& one) { return one.second.steps.size() > 2; });
  if (2 * static_cast<std::size_t>(long_runs) <= runs.size() || runs.empty()) return;
  const std::string what = fmt::format("{} checkpoints of {} runs (by '{}' and '{}')", table.rows.size(),
                                       runs.size(), table.columns[run], table.columns[step]);
  if (keep == "all" || runs.size() < 4) {
    table.notes.push_back(what +
                          ": every one is fitted; before a learning rate has come down an error is too high");
    return;
  }
  std::vector<std::size_t> kept;
  for (const auto& [name, last] : runs) kept.push_back(last.row);
  std::sort(kept.begin(), kept.end());
  std::vector<Table::Row> rows;
  for (const std::size_t i : kept) rows.push_back(std::move(table.rows[i]));
  table.rows = std::move(rows);
  table.notes.push_back(what + ": the last of each run is fitted; checkpoints=all fits every one");
}

}  // namespace frugal::fit
