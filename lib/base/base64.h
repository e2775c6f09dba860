// Bytes as text (RFC 4648, section 4), for files that travel in a line of JSON.
#pragma once

#include <string>
#include <string_view>

namespace frugal::base {

std::string base64(std::string_view bytes);

}  // namespace frugal::base
