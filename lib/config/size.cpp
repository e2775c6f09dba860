#include "config/size.h"

#include <charconv>
#include <utility>

#include "base/error.h"

namespace frugal::config {

std::int64_t bytes_of(const std::string& text, const std::string& place) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const std::string unit(error == std::errc() ? stop : end, end);
  double factor = 0;
  for (const auto& [name, bytes] : {std::pair{"", 1.0},
                                    {"B", 1.0},
                                    {"KB", 1024.0},
                                    {"KiB", 1024.0},
                                    {"MB", 1048576.0},
                                    {"MiB", 1048576.0}}) {
    if (unit == name) factor = bytes;
  }
  if (error != std::errc() || factor == 0 || !(number >= 0) || number * factor > 1e15)
    throw base::UserError(place, text.empty() ? "is not given" : "is no size: '" + text + "'",
                          "49KB (KB are 1024 bytes), 1.5MB or 50000");
  return static_cast<std::int64_t>(number * factor);
}

}  // namespace frugal::config
