// Keeps memory small while a large mapped file is read from one end to the other.
#pragma once

#include <cstddef>

namespace frugal::base {

// Tells the system that these mapped bytes are not needed now (they are read again when touched), so that
// streaming a large file does not fill memory with it.
void release_pages(const void* bytes, std::size_t count);

}  // namespace frugal::base
