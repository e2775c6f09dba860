// What can be said of a minimum: is it one, does the data determine it, which bounds hold it.
#pragma once

#include "fit/law/fit.h"

namespace frugal::fit {

// Everything of the certificate but the counts of starts.
Certificate certify(Problem& problem, const Setup& setup, const Minimum& minimum);

// Sentences about bounds, unidentified parameters, duplicated runs and a search that did not agree.
void describe_limits(const Law& law, const Runs& points, const Setup& setup, FitResult& result);

// Eigenvalues (ascending) and eigenvectors (columns of vectors, row-major) of a symmetric n·n matrix: Jacobi.
void symmetric_eigen(std::vector<double> matrix, std::size_t n, std::vector<double>& values,
                     std::vector<double>& vectors);

}  // namespace frugal::fit
