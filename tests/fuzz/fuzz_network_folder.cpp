// A network in a JSON or a text with its numbers in a file beside it: the published int8 networks of
// tiny-training, network.json, and the folder that `import` writes. Refused with a UserError, or a network
// whose costs can be counted.
#include "base/error.h"
#include "fuzz/folder.h"
#include "ir/count.h"
#include "network/import/load.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static fuzz::Folder folder;
  folder.fill({reinterpret_cast<const char*>(bytes), size},
              {"net.json", "net.safetensors", "network.json", "weights.safetensors", "model.ir",
               "model.safetensors"});
  for (const std::string& path : {folder.path() + "/net.json", folder.path()}) {
    try {
      const ir::Model model = network::load_model(path).model;
      FRUGAL_ASSERT(ir::parameter_count(model.graph, ir::whole(model.graph)) >= 0, "counts");
      FRUGAL_ASSERT(ir::sram_bytes(model.graph, ir::whole(model.graph)) > 0, "peak memory");
    } catch (const base::UserError&) {
    }
  }
  return 0;
}
