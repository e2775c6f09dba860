// Text for a terminal: names and texts of files that others made may hold bytes that a terminal takes as
// commands (move the cursor, change the title, answer as if typed), and letters that turn the direction of
// writing.
#pragma once

#include <string>
#include <string_view>

namespace frugal::base {

// Control characters but for line breaks and tabs, bytes that are no UTF-8, and marks that turn the direction
// of writing become what they are called: "\x1b", "\u{202e}". All else stays.
std::string printable(std::string_view text);

}  // namespace frugal::base
