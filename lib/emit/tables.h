// The constants of a C file: each array and structure once, however many calls pass it.
#pragma once

#include <map>
#include <span>
#include <string>

#include "quant/call.h"

namespace frugal::emit {

// As C writes them: 0x1.8p+1f, -2147483647 - 1.
std::string literal(float value);
std::string literal(std::int64_t value);

class Tables {
 public:
  // The name of an array that holds these numbers; it is declared where it is new.
  std::string array(const std::string& type, std::span<const std::byte> bytes, const std::string& name);
  std::string array(const quant::Numbers& numbers);
  // Of a structure's constant.
  std::string structure(const quant::Struct& made);

  const std::string& text() const { return text_; }

 private:
  std::string named(const std::string& type, const std::string& stem, const std::string& body, bool is_array);

  std::string text_;
  std::map<std::string, std::string> names_;  // of type and contents
  std::map<std::string, int> used_;           // stems
};

}  // namespace frugal::emit
