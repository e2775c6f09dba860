// network.json and networks of trees: any text is refused with a UserError, or is a network that is written
// as it was read and whose graph can be counted.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "config/config.h"
#include "ir/count.h"
#include "network/lower.h"
#include "network/tree.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    const nlohmann::json json =
        config::parse(std::string(reinterpret_cast<const char*>(bytes), size), "input");
    if (network::is_tree_network(json)) {
      network::read_tree_network(json, "input");
      return 0;
    }
    const network::NetworkConfig network = network::read_network(json, "input");
    const std::string text = network::to_text(network);
    FRUGAL_ASSERT(network::to_text(network::read_network(nlohmann::json::parse(text), "written")) == text,
                  "a network is written as it was read");
    FRUGAL_ASSERT(network::parameter_count(network) > 0 && network::mac_count(network) > 0, "counts");
    const network::Lowered lowered = network::lower(network);
    FRUGAL_ASSERT(ir::sram_bytes(*lowered.graph, ir::whole(*lowered.graph)) > 0, "peak memory");
  } catch (const base::UserError&) {
  }
  return 0;
}
