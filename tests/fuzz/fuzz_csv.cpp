// CSV of measurements: any text gives finite positive columns of one length, or a UserError.
#include <cmath>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "fit/runs/measurements.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    fit::Table table;
    fit::append_csv(table, std::string_view(reinterpret_cast<const char*>(bytes), size), "input.csv");
    for (const fit::Table::Row& row : table.rows) {
      FRUGAL_ASSERT(row.cells.size() == table.columns.size(), "every row has every column");
    }
    fit::MeasurementConfig config;
    config.missing = "drop";
    const fit::Measurements m = fit::to_measurements(table, config);
    for (const auto* values :
         {&m.size, &m.data, &m.compute, &m.error, &m.unique_data, &m.density, &m.weight}) {
      FRUGAL_ASSERT(values->empty() || values->size() == m.count(), "columns are of one length");
      for (const double value : *values)
        FRUGAL_ASSERT(std::isfinite(value) && value > 0, "values are checked");
    }
    FRUGAL_ASSERT(fit::find_repeats(m).cell.size() == m.count(), "every run has its scale");
  } catch (const base::UserError&) {
  }
  return 0;
}
