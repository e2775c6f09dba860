// A config's fields as a JSON Schema (draft 2020-12), for editors and for programs that write configs:
// what passes it is read, but for what one field demands of another.
#pragma once

#include <functional>
#include <string>

#include "config/config.h"

namespace frugal::config {

// Part of the template below.
std::string schema_with(const std::function<void(Visitor&)>& visit, const std::string& title);

template <class T>
std::string schema(const std::string& title) {
  T value;
  return schema_with([&value](Visitor& v) { value.visit(v); }, title);
}

}  // namespace frugal::config
