// From tables to what is fitted: measurements, with the scale that the columns do not give but the cost
// formula does.
#pragma once

#include <string>

#include "fit/command/fit_config.h"
#include "fit/runs/measurements.h"
#include "fit/runs/table.h"

namespace frugal::fit {

// What is done about columns that vary and are not used.
enum class Pooling {
  separate,  // experiments become series, a sweep is refused unless the config says what to do with it
  name,      // they are named in a note
};

// place: where the config stands, for errors. Errors: UserError.
Measurements prepare_measurements(const Table& table, const FitConfig& config, const std::string& place,
                                  Pooling pooling = Pooling::separate);

// Runs of size and compute get their data, runs of data and compute their size: what makes the cost of a run
// the compute that it had (D = C/(6N) for the usual cost). A note tells it. Where that would be less than a
// thousand examples, the compute is not that of a training (networks are often listed with the cost of one
// pass) and is put aside, and the note tells that.
void derive_scale(Measurements& measurements, const Cost& cost);

}  // namespace frugal::fit
