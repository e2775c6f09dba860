#include "fit/runs/wandb.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "fit/runs/column_index.h"

namespace frugal::fit {
namespace {

using Names = std::unordered_set<std::string>;

bool is_bound(const Names& names, const std::string& name) {
  for (const char* ending : {"__MIN", "__MAX"}) {
    if (name.ends_with(ending) && names.contains(name.substr(0, name.size() - 5))) return true;
  }
  return false;
}

void remove_columns(Table& table, const std::vector<std::size_t>& columns) {
  if (columns.empty()) return;
  std::vector<std::string> left;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (!std::binary_search(columns.begin(), columns.end(), i)) left.push_back(std::move(table.columns[i]));
  }
  table.columns = std::move(left);
  for (Table::Row& row : table.rows) row.cells.remove(columns);
}

// "warm-sun-7 - eval/loss": a run and its metric.
struct RunMetric {
  std::size_t column;
  std::string run, metric;
};

}  // namespace

void unfold_wandb(Table& table, std::size_t file) {
  const Names names(table.columns.begin(), table.columns.end());
  std::vector<std::size_t> bounds;
  std::vector<RunMetric> wide;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string& name = table.columns[i];
    if (is_bound(names, name)) {
      bounds.push_back(i);
      continue;
    }
    const std::size_t dash = name.rfind(" - ");
    if (dash == std::string::npos || !names.contains(name + "__MIN")) continue;
    wide.push_back({i, name.substr(0, dash), name.substr(dash + 3)});
  }
  if (!wide.empty()) {
    std::vector<std::pair<std::string, std::vector<std::size_t>>>
        runs;  // in order, with their metrics in `wide`
    std::unordered_map<std::string, std::size_t> run_of;
    std::unordered_set<std::size_t> wide_columns;
    for (std::size_t i = 0; i < wide.size(); ++i) {
      const auto [found, fresh] = run_of.try_emplace(wide[i].run, runs.size());
      if (fresh) runs.push_back({wide[i].run, {}});
      runs[found->second].second.push_back(i);
      wide_columns.insert(wide[i].column);
    }
    std::vector<Table::Row> rows;
    ColumnIndex index(table);
    for (Table::Row& row : table.rows) {
      if (row.file != file) {
        rows.push_back(std::move(row));
        continue;
      }
      Table::Row bare{{}, row.file, row.line};
      for (const RowCells::Entry& entry : row.cells.entries()) {
        if (wide_columns.count(entry.column) == 0) bare.cells.add(entry.column, entry.cell.text);
      }
      for (const auto& [run, metrics] : runs) {
        Table::Row out = bare;
        bool any = false;
        for (const std::size_t i : metrics) {
          const Cell& cell = row.cells[wide[i].column];
          if (cell.missing) continue;
          index.put(out, wide[i].metric, cell.text);
          any = true;
        }
        if (!any) continue;
        index.put(out, "run", run);
        out.cells.sort();
        rows.push_back(std::move(out));
      }
    }
    table.rows = std::move(rows);
    for (const RunMetric& one : wide) bounds.push_back(one.column);
    std::sort(bounds.begin(), bounds.end());
    table.notes.push_back("a chart of Weights & Biases: a row for each run and step");
  }
  remove_columns(table, bounds);
}

}  // namespace frugal::fit
