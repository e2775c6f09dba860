// Runs that are far better than all others say: a wrong number, or a test set that was trained on. The
// average of laws knows runs that were trained too little; one that is too good is nothing training gives, so
// it is named, not put aside.
#pragma once

#include <cstddef>
#include <vector>

#include "fit/runs/runs.h"

namespace frugal::fit {

// Rows whose ln error lies 3 % and eight robust deviations and more below the chinchilla law, fitted with its
// narrow Huber loss, which hardly sees single runs. None where there are fewer than twelve runs or more than
// a tenth are such.
std::vector<std::size_t> far_below(const Runs& runs);

}  // namespace frugal::fit
