// What is said where memory runs out: what needed it, how much of it there may be, what to make smaller.
#pragma once

#include <cstddef>
#include <exception>
#include <string>

namespace frugal::base {

// While one lives, memory is needed for `what` ("training on batches of 256"); `smaller` says what the user
// can do ("make batch_size smaller"). Of several the innermost one that an exception leaves counts.
class MemoryUse {
 public:
  MemoryUse(std::string what, std::string smaller);
  ~MemoryUse();
  MemoryUse(const MemoryUse&) = delete;
  MemoryUse& operator=(const MemoryUse&) = delete;

 private:
  std::string what_, smaller_;
  int exceptions_;
};

struct OutOfMemory {
  std::string message, hint;
};

// Whether memory ran out: an allocation that failed, here or in torch, or a thread that could not be started.
bool is_out_of_memory(const std::exception& error);
OutOfMemory explain_out_of_memory(const std::exception& error);

// Where memory runs out in a thread, or where nothing can be thrown: a sentence and exit code 1, not an
// abort.
void end_without_memory_by_itself(const std::string& tool);

// The same words from anywhere: exit code 1, and what is being written aside goes with it (base/stop_watch).
[[noreturn]] void end_out_of_memory(const char* words = nullptr);  // others than the usual ones

// malloc for a library that takes another way where it gets none, and so comes to other numbers.
void* allocate_or_end(std::size_t bytes);

}  // namespace frugal::base
