// How deep a JSON text nests. Copying, comparing and printing a JSON value recurse, and so do readers of
// trees: a text of a million brackets would overflow the stack. No file of use nests a tenth as deep as is
// allowed. Who reads JSON by config::parse has this check already.
#pragma once

#include <string>
#include <string_view>

namespace frugal::base {

inline constexpr int deepest_json = 500;

// Where the text first nests deeper than that; npos: nowhere. Comments (/* */ and //) are passed over.
std::size_t too_deep(std::string_view text);

// UserError with `place` and what is allowed, where it does.
void refuse_deep_json(std::string_view text, const std::string& place);

}  // namespace frugal::base
