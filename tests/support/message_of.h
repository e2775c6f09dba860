// What a refusal says, for tests that compare it.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"

namespace frugal::test {

// "PLACE: MESSAGE" of the UserError that `work` throws, "no error" where it throws none.
inline std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const base::UserError& error) {
    return error.place() + ": " + error.message();
  }
  return "no error";
}

}  // namespace frugal::test
