// The texts that cmake/frugal_embed.cmake put into the executable. Of lib/device alone; others ask
// device/files.h.
#pragma once

#include <cstddef>

namespace frugal::device {

struct Embedded {
  const char* path;  // below lib/: "ops/conv_i8.c", "device/runtime/slots.c"
  const char* text;
};
extern const Embedded embedded_texts[];
extern const std::size_t embedded_count;

}  // namespace frugal::device
