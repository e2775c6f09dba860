// The table of laws: one line a law. Its file is laws/<name>.cpp.
#include "fit/law/laws.h"

#include <fmt/format.h>

#include "base/error.h"

namespace frugal::fit {

const std::vector<LawEntry>& law_table() {
  static const std::vector<LawEntry> table = {
      {"chinchilla", laws::chinchilla},
      {"rosenfeld", laws::rosenfeld},
      {"kaplan", laws::kaplan},
      {"data_constrained", laws::data_constrained},
      {"overtraining", laws::overtraining},
      {"downstream", laws::downstream},
      {"pruning", laws::pruning},
  };
  return table;
}

std::vector<std::string> law_names() {
  std::vector<std::string> names;
  for (const auto& entry : law_table()) names.emplace_back(entry.name);
  return names;
}

std::shared_ptr<const Law> find_law(const std::string& name) {
  for (const auto& entry : law_table())
    if (name == entry.name) return entry.make();
  throw base::UserError("", fmt::format("unknown law '{}'", name), base::suggest(name, law_names()));
}

}  // namespace frugal::fit
