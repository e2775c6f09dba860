#include "fit/curve/curve_law.h"

#include "fit/curve/curve_laws.h"

namespace frugal::fit {

std::span<const CurveLaw> curve_laws() {
  static const std::array table{law_m1, law_m2, law_m3, law_m4, law_rosenfeld_1d, law_bnsl, law_bnsl2};
  return table;
}

const CurveLaw* find_curve_law(std::string_view name) {
  for (const CurveLaw& law : curve_laws())
    if (law.name == name) return &law;
  return nullptr;
}

}  // namespace frugal::fit
