// Eigenvalues and eigenvectors of small symmetric matrices.
#pragma once

#include <cstddef>
#include <vector>

namespace frugal::fit {

// Eigenvalues (ascending) and eigenvectors (columns of vectors, row-major) of a symmetric n·n matrix: Jacobi.
void symmetric_eigen(std::vector<double> matrix, std::size_t n, std::vector<double>& values,
                     std::vector<double>& vectors);

}  // namespace frugal::fit
