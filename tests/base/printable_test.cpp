// What a terminal would take as a command is shown, not sent.
#include "base/printable.h"

#include "support/test.h"

using frugal::base::printable;

TEST_CASE("text for a terminal keeps letters of all languages, line breaks and tabs") {
  for (const char* text : {"", "a\tb\nc", "Größe 3×3", "日本", "🙂", "\"quoted\\ \""})
    REQUIRE(printable(text) == text);
}

TEST_CASE("text for a terminal shows control characters, bytes that are no text, and marks of direction") {
  REQUIRE(printable("\x1b[31mred\x07") == "\\x1b[31mred\\x07");
  REQUIRE(printable("a\rb\x7f") == "a\\x0db\\x7f");
  REQUIRE(printable(std::string_view("a\0b", 3)) == "a\\x00b");
  REQUIRE(printable("\xc2\x9b"
                    "2J") == "\\u{9b}2J");  // the one-character form of ESC [
  REQUIRE(printable("\xe2\x80\xae"
                    "gpj") == "\\u{202e}gpj");
  REQUIRE(printable("\x9b"
                    "2J \xff") == "\\x9b2J \\xff");         // alone they are no UTF-8
  REQUIRE(printable("\xc0\x9b") == "\\xc0\\x9b");           // not the shortest form
  REQUIRE(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // half of a pair
  REQUIRE(printable("\xf0\x9f") == "\\xf0\\x9f");           // cut short
}
