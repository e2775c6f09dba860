// CSV of measurements: any text gives finite positive columns of one length, or a UserError.
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "fit/runs/measurements.h"
#include "fit/runs/repeats.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    fit::Table table;
    fit::append_csv(table, std::string_view(reinterpret_cast<const char*>(bytes), size), "input.csv");
    for (const fit::Table::Row& row : table.rows) {
      for (const fit::RowCells::Entry& entry : row.cells.entries()) {
        FRUGAL_ASSERT(entry.column < table.columns.size(), "every cell has its column");
      }
    }
    fit::MeasurementConfig config;
    config.missing = "drop";
    const fit::Measurements m = fit::to_measurements(table, config);
    const fit::Runs& runs = m.runs;
    std::vector<std::vector<double>> lists = runs.columns;
    lists.insert(lists.end(), {runs.y, runs.weight, runs.standard_error});
    for (const std::vector<double>& values : lists) {
      FRUGAL_ASSERT(values.empty() || values.size() == runs.count(), "columns are of one length");
      for (const double value : values)
        FRUGAL_ASSERT(std::isfinite(value) && value > 0, "values are checked");
    }
    FRUGAL_ASSERT(fit::find_repeats(runs).cell.size() == runs.count(), "every run has its scale");
  } catch (const base::UserError&) {
  }
  return 0;
}
