#include "base/memory_limit.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace frugal::base {
namespace {

struct Kept {
  rlimit before{};
  rlimit now{};
  bool used = false;
};

Kept& kept() {
  static Kept one;
  return one;
}

// Of the file in the group's folder and in every one above it, up to that of all groups.
void take_least(const std::string& root, std::string group, const std::string& file,
                std::optional<double>& least) {
  for (;;) {
    std::ifstream in(root + group + "/" + file);
    double value = 0;
    if (in >> value && value > 0) least = std::min(least.value_or(value), value);  // "max" is no number
    const std::size_t slash = group.rfind('/');
    if (slash == std::string::npos) return;
    group.resize(slash);
  }
}

double page_bytes() { return static_cast<double>(sysconf(_SC_PAGESIZE)); }

// What of the memory mapped for writing is not in use.
double unused_bytes() {
  std::ifstream in("/proc/self/statm");
  double size = 0, resident = 0, shared = 0, text = 0, library = 0, data = 0;
  if (!(in >> size >> resident >> shared >> text >> library >> data)) return 0;
  return std::max(0.0, data - (resident - shared)) * page_bytes();
}

// What the kernel takes for the process beside its memory: page tables, buffers.
double kernel_bytes(double most) { return 0.02 * most + 4e6; }

}  // namespace

std::optional<double> group_memory_bytes() {
  std::optional<double> least;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "4:memory:/job", "0::/job"
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string of = line.substr(first + 1, second - first - 1);
    std::string group = line.substr(second + 1);
    if (group == "/") group.clear();
    if (of == "memory") take_least("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes", least);
    if (of.empty()) take_least("/sys/fs/cgroup", group, "memory.max", least);
  }
  if (least && *least >= static_cast<double>(sysconf(_SC_PHYS_PAGES)) * page_bytes()) return std::nullopt;
  return least;
}

void keep_to_group_memory() {
  Kept& limit = kept();
  const std::optional<double> most = group_memory_bytes();
  if (!most || limit.used || getrlimit(RLIMIT_DATA, &limit.before) != 0) return;
  limit.now = limit.before;
  limit.now.rlim_cur =
      std::min(limit.before.rlim_cur,
               static_cast<rlim_t>(std::max(0.0, *most - kernel_bytes(*most)) + unused_bytes()));
  limit.used = setrlimit(RLIMIT_DATA, &limit.now) == 0;
}

UnkeptMemory::UnkeptMemory() {
  if (kept().used) setrlimit(RLIMIT_DATA, &kept().before);
}
UnkeptMemory::~UnkeptMemory() {
  if (kept().used) setrlimit(RLIMIT_DATA, &kept().now);
}

}  // namespace frugal::base
