#include "fit/runs/wandb.h"

#include <algorithm>
#include <string>
#include <vector>

#include "fit/runs/column_index.h"

namespace frugal::fit {
namespace {

bool has_column(const Table& table, const std::string& name) {
  return std::find(table.columns.begin(), table.columns.end(), name) != table.columns.end();
}

bool is_bound(const Table& table, const std::string& name) {
  for (const char* ending : {"__MIN", "__MAX"}) {
    if (name.ends_with(ending) && has_column(table, name.substr(0, name.size() - 5))) return true;
  }
  return false;
}

void remove_columns(Table& table, const std::vector<std::size_t>& columns) {
  for (auto column = columns.rbegin(); column != columns.rend(); ++column) {
    table.columns.erase(table.columns.begin() + std::ptrdiff_t(*column));
    for (Table::Row& row : table.rows) row.cells.erase(row.cells.begin() + std::ptrdiff_t(*column));
  }
}

// "warm-sun-7 - eval/loss": a run and its metric.
struct RunMetric {
  std::size_t column;
  std::string run, metric;
};

}  // namespace

void unfold_wandb(Table& table, std::size_t file) {
  std::vector<std::size_t> bounds;
  std::vector<RunMetric> wide;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string& name = table.columns[i];
    if (is_bound(table, name)) {
      bounds.push_back(i);
      continue;
    }
    const std::size_t dash = name.rfind(" - ");
    if (dash == std::string::npos || !has_column(table, name + "__MIN")) continue;
    wide.push_back({i, name.substr(0, dash), name.substr(dash + 3)});
  }
  if (!wide.empty()) {
    std::vector<Table::Row> rows;
    ColumnIndex index(table);
    for (Table::Row& row : table.rows) {
      if (row.file != file) {
        rows.push_back(std::move(row));
        continue;
      }
      Table::Row bare = row;
      for (const RunMetric& one : wide) bare.cells[one.column] = Cell();
      std::vector<std::string> done;
      for (const RunMetric& first : wide) {
        if (std::count(done.begin(), done.end(), first.run) > 0) continue;
        done.push_back(first.run);
        Table::Row out = bare;
        bool any = false;
        for (const RunMetric& one : wide) {
          if (one.run != first.run || row.cells[one.column].missing) continue;
          index.put(out, one.metric, row.cells[one.column].text);
          any = true;
        }
        if (!any) continue;
        index.put(out, "run", first.run);
        rows.push_back(std::move(out));
      }
    }
    table.rows = std::move(rows);
    pad_rows(table);
    for (const RunMetric& one : wide) bounds.push_back(one.column);
    std::sort(bounds.begin(), bounds.end());
    table.notes.push_back("a chart of Weights & Biases: a row for each run and step");
  }
  remove_columns(table, bounds);
}

}  // namespace frugal::fit
