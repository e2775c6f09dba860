// One declaration a law of one variable; the table that names them stands in curve_law.cpp.
#pragma once

#include "fit/curve/curve_law.h"

namespace frugal::fit {

extern const CurveLaw law_m1, law_m2, law_m3, law_m4, law_rosenfeld_1d, law_bnsl, law_bnsl2;

}  // namespace frugal::fit
