// The makers of the laws in laws/, for the table in laws.cpp.
#pragma once

#include <memory>

#include "fit/law.h"

namespace frugal::fit::laws {

std::shared_ptr<const Law> chinchilla();

}  // namespace frugal::fit::laws
