// The makers of the laws in laws/, for the table in law.cpp.
#pragma once

#include <memory>

#include "fit/law/law.h"

namespace frugal::fit::laws {

std::shared_ptr<const Law> chinchilla();
std::shared_ptr<const Law> rosenfeld();
std::shared_ptr<const Law> kaplan();
std::shared_ptr<const Law> data_constrained();
std::shared_ptr<const Law> overtraining();
std::shared_ptr<const Law> downstream();
std::shared_ptr<const Law> pruning();

}  // namespace frugal::fit::laws
