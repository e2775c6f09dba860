// What the memory planner places: blocks of bytes, each needed from one step of a program to another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ir/ids.h"

namespace frugal::plan {

// One block that is needed from step `first` to step `last`, both included. A block of 0 bytes needs no room.
struct Block {
  std::size_t bytes = 0;
  ir::NodeId first = 0, last = 0;
  std::size_t alignment = 1;  // its offset is a multiple of it
  std::string name = {};      // for errors and pictures
  // Where there are several memories (plan/regions.h): those that it may lie in, by number; empty: any. And
  // how many bytes of it are read and written in all: what lies in dear memory costs that; 0: `bytes`.
  std::vector<std::size_t> regions = {};
  std::size_t traffic = 0;
};

// Places in one piece of memory.
struct Arena {
  std::vector<std::size_t> offsets;  // of each block
  std::size_t bytes = 0;             // end of the highest block
};

// `bytes` or the next number above that is a multiple of `alignment`.
constexpr std::size_t aligned(std::size_t bytes, std::size_t alignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}

}  // namespace frugal::plan
