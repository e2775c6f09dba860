// Columns of a table by name, so that several files may have them in another order.
#pragma once

#include <string>
#include <unordered_map>

#include "fit/runs/table.h"

namespace frugal::fit {

class ColumnIndex {
 public:
  explicit ColumnIndex(Table& table) : table_(table) { refresh(); }
  // After others have added columns.
  void refresh() {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) index_[table_.columns[i]] = i;
  }
  std::size_t of(const std::string& name) {
    const auto [found, fresh] = index_.try_emplace(name, table_.columns.size());
    if (fresh) table_.columns.push_back(name);
    return found->second;
  }
  // Call row.cells.sort() after the last.
  void put(Table::Row& row, const std::string& name, std::string text) {
    row.cells.add(of(name), std::move(text));
  }

 private:
  Table& table_;
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace frugal::fit
