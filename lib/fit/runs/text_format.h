// What a file is, by its first bytes: text comes back as UTF-8 (from UTF-16 too), anything else is refused by
// its name.
#pragma once

#include <string>
#include <string_view>

namespace frugal::fit {

// Errors: UserError with the format's name (Parquet, Excel, gzip, …) and what to do.
std::string text_of(std::string bytes, const std::string& file);

}  // namespace frugal::fit
