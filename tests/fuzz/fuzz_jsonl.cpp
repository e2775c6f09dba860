// JSON lines of measurements: any text gives finite positive columns of one length, or a UserError.
#include <cmath>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "fit/runs/measurements.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    fit::Table table;
    fit::append_jsonl(table, std::string_view(reinterpret_cast<const char*>(bytes), size), "input.jsonl");
    for (const fit::Table::Row& row : table.rows) {
      for (const fit::RowCells::Entry& entry : row.cells.entries()) {
        FRUGAL_ASSERT(entry.column < table.columns.size(), "every cell has its column");
      }
    }
    fit::MeasurementConfig config;
    config.missing = "drop";
    const fit::Measurements m = fit::to_measurements(table, config);
    for (const double value : m.runs.y)
      FRUGAL_ASSERT(std::isfinite(value) && value > 0, "values are checked");
    FRUGAL_ASSERT(m.runs.places.size() == m.runs.count(), "every run has its place");
  } catch (const base::UserError&) {
  }
  return 0;
}
