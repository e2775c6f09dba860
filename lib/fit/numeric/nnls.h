// Least squares with coefficients that are not negative.
#pragma once

#include <cstddef>

namespace frugal::fit {

// By trying every subset of the (at most 6) columns: gram [q·q] = AᵀA, right [q] = Aᵀb. Gives the solution
// [q]; a column of zeros has the coefficient 0.
void small_nnls(const double* gram, const double* right, std::size_t q, double* solution);

}  // namespace frugal::fit
