// Only some classes of a data set, numbered anew: for networks that are to learn other classes than those
// they were trained on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace frugal::samples {

struct ClassChoice {
  std::vector<std::string> names;       // of the classes chosen, in their new order
  std::vector<std::int64_t> new_label;  // by old label; -1: not chosen
};

// `wanted` are names, or numbers where no class has such a name; empty: all, as they are. Throws UserError at
// "place/INDEX" for what is no class or stands there twice, and at `place` for one class alone.
ClassChoice choose_classes(const std::vector<std::string>& wanted, const std::vector<std::string>& names,
                           const std::string& place);

}  // namespace frugal::samples
