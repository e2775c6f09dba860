#include <algorithm>

#include "fit/runs/table.h"

namespace frugal::fit {
namespace {

bool before(const RowCells::Entry& a, const RowCells::Entry& b) { return a.column < b.column; }

}  // namespace

const Cell& RowCells::operator[](std::size_t column) const {
  static const Cell missing;
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), column,
                       [](const Entry& entry, std::size_t wanted) { return entry.column < wanted; });
  return found == entries_.end() || found->column != column ? missing : found->cell;
}

void RowCells::add(std::size_t column, std::string text) {
  entries_.push_back({column, {std::move(text), false}});
}

void RowCells::sort() {
  if (!std::is_sorted(entries_.begin(), entries_.end(), before)) {
    std::stable_sort(entries_.begin(), entries_.end(), before);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const bool again = i + 1 < entries_.size() && entries_[i + 1].column == entries_[i].column;
    if (again) continue;
    if (kept != i) entries_[kept] = std::move(entries_[i]);
    ++kept;
  }
  entries_.resize(kept);
}

void RowCells::remove(const std::vector<std::size_t>& columns) {
  std::erase_if(entries_, [&](const Entry& entry) {
    return std::binary_search(columns.begin(), columns.end(), entry.column);
  });
  for (Entry& entry : entries_) {
    entry.column -= static_cast<std::size_t>(std::lower_bound(columns.begin(), columns.end(), entry.column) -
                                             columns.begin());
  }
}

}  // namespace frugal::fit
