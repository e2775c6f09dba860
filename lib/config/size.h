// Sizes of memory as people write them.
#pragma once

#include <cstdint>
#include <string>

namespace frugal::config {

// "49KB" (of 1024 bytes), "1.5MB", "50000". Throws UserError at `place`.
std::int64_t bytes_of(const std::string& text, const std::string& place);

}  // namespace frugal::config
