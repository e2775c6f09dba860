#include "base/json_depth.h"

#include <algorithm>

#include "base/error.h"

namespace frugal::base {

std::size_t too_deep(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '[':
      case '{':
        if (++depth > deepest_json) return i;
        break;
      case ']':
      case '}':
        --depth;
        break;
      case '"':
        for (++i; i < text.size() && text[i] != '"'; ++i) i += text[i] == '\\' ? 1 : 0;
        break;
      case '/':  // a comment: the parser refuses any other slash
        if (text.substr(i, 2) == "//") {
          i = std::min(text.find('\n', i), text.size());
        } else if (text.substr(i, 2) == "/*") {
          i = std::min(text.find("*/", i + 2), text.size());
        }
        break;
      default:
        break;
    }
  }
  return std::string_view::npos;
}

void refuse_deep_json(std::string_view text, const std::string& place) {
  if (too_deep(text) == std::string_view::npos) return;
  throw UserError(place, "is nested deeper than " + std::to_string(deepest_json) + " levels");
}

}  // namespace frugal::base
