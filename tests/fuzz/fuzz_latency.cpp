// Latency tables of every format (JSON, YAML): a table of finite times or a UserError.

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "fuzz/memory_file.h"
#include "search/cost/table.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string* path = fuzz::memory_file(bytes, size);
  if (path == nullptr) return 0;
  for (const char* format : {"auto", "frugal", "proxyless", "mobilenetv3", "tf-nas"}) {
    try {
      const search::LatencyTable table = search::load_table(*path, format);
      for (const auto& [key, measured] : table.operations)
        FRUGAL_ASSERT(std::isfinite(measured.ms), "times are finite");
      search::to_json(table).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    } catch (const base::UserError&) {
    }
  }
  return 0;
}
