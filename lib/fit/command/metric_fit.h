// Fits of what is no loss: accuracies, which are fitted as the odds of what lies above guessing, and
// downstream errors, which are predicted in two steps, (size, data) to a loss and the loss to the error by a
// sigmoid.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "fit/command/prepare.h"
#include "fit/command/run_fit.h"

namespace frugal::fit {

// Reads the losses over scale (`columns.loss`) as what is fitted first, and all rows that have loss and error
// as the second step (`Measurements::second`), from one table or several. Errors: UserError.
Measurements prepare_two_steps(const Table& table, const FitConfig& config, const Cost& cost,
                               Pooling pooling);

// Errors: UserError where a column of unknown meaning rises with scale, though nothing says that larger is
// better.
void refuse_rising(const Measurements& measurements, const FitConfig& config);

using FitSeries = std::function<void(SeriesFit&)>;

// Fits the series by `fit` after what its metric asks for, and lets the surface predict the error itself.
void fit_by_metric(SeriesFit& series, const Measurements& all, const FitConfig& config, std::uint64_t seed,
                   const FitSeries& fit);

}  // namespace frugal::fit
