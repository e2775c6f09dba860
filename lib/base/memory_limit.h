// The memory that the process's control group may take (a container, a Slurm job, systemd). Beyond it the
// kernel kills without a word; held to it, an allocation fails, and what needed how much can be said.
#pragma once

#include <optional>

namespace frugal::base {

// The least memory.max (cgroup 2) or memory.limit_in_bytes (cgroup 1) of the process's group and those above
// it; null where there is none below the machine's own memory.
std::optional<double> group_memory_bytes();

// From now on an allocation beyond the group's memory fails. What is mapped already without being used, and
// the stacks of threads, do not count.
void keep_to_group_memory();

// While one lives, programs that are started get the limit that this one had before.
class UnkeptMemory {
 public:
  UnkeptMemory();
  ~UnkeptMemory();
  UnkeptMemory(const UnkeptMemory&) = delete;
  UnkeptMemory& operator=(const UnkeptMemory&) = delete;
};

}  // namespace frugal::base
