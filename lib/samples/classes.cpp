#include "samples/classes.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace frugal::samples {
namespace {

using base::UserError;

std::size_t find_class(const std::string& wanted, const std::vector<std::string>& names,
                       const std::string& place) {
  const auto found = std::find(names.begin(), names.end(), wanted);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  std::size_t number = 0;
  const char* end = wanted.data() + wanted.size();
  const auto read = std::from_chars(wanted.data(), end, number);
  const bool is_number = read.ec == std::errc() && read.ptr == end;
  if (is_number && number < names.size()) return number;
  throw UserError(place, "is no class: '" + wanted + "'",
                  is_number ? "their numbers are 0 to " + std::to_string(names.size() - 1)
                            : base::suggest(wanted, names));
}

}  // namespace

ClassChoice choose_classes(const std::vector<std::string>& wanted, const std::vector<std::string>& names,
                           const std::string& place) {
  ClassChoice choice;
  if (wanted.empty()) {
    choice.names = names;
    for (std::size_t c = 0; c < names.size(); ++c) choice.new_label.push_back(static_cast<std::int64_t>(c));
    return choice;
  }
  if (wanted.size() == 1)
    throw UserError(place, "names one class: nothing to tell apart", "name two or more");
  choice.new_label.assign(names.size(), -1);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string here = place + "/" + std::to_string(i);
    const std::size_t old = find_class(wanted[i], names, here);
    if (choice.new_label[old] >= 0)
      throw UserError(here, "names class " + std::to_string(old) + " ('" + names[old] + "') again");
    choice.new_label[old] = static_cast<std::int64_t>(i);
    choice.names.push_back(names[old]);
  }
  return choice;
}

}  // namespace frugal::samples
