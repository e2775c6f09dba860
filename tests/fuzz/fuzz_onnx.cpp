// ONNX files: any bytes are refused with a UserError, or are a whole graph with its numbers that can be
// counted and reads back from its text form.
#include <cstdint>
#include <span>

#include "base/error.h"
#include "ir/count.h"
#include "ir/text.h"
#include "network/import/onnx.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    const ir::Model model = network::import_onnx({bytes, size}, "net", "input", "").model;
    ir::mac_count(model.graph, ir::whole(model.graph));
    ir::sram_by_node(model.graph);
    const std::string text = ir::to_text(model.graph);
    FRUGAL_ASSERT(ir::to_text(ir::from_text(text, "written")) == text, "reads back the same");
  } catch (const base::UserError&) {
  }
  return 0;
}
