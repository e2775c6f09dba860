// The text form of graphs: any text is refused with a UserError, or is a graph that reads back the same.
#include <cstdint>
#include <string>

#include "base/error.h"
#include "ir/count.h"
#include "ir/text.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  try {
    const ir::Graph graph = ir::from_text(text, "input");
    const std::string written = ir::to_text(graph);
    FRUGAL_ASSERT(ir::to_text(ir::from_text(written, "written")) == written, "reads back the same");
    ir::parameter_count(graph, ir::whole(graph));
    ir::sram_bytes(graph, ir::whole(graph));
  } catch (const base::UserError&) {
  }
  return 0;
}
