#include "base/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace frugal::base {

void release_pages(const void* bytes, std::size_t count) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto address = reinterpret_cast<std::uintptr_t>(bytes);
  const std::uintptr_t begin = (address + page - 1) / page * page, end = (address + count) / page * page;
  char* first = const_cast<char*>(static_cast<const char*>(bytes)) + (begin - address);
  if (end > begin) ::madvise(first, end - begin, MADV_DONTNEED);
}

}  // namespace frugal::base
