// A line that a runner of `nas-search profile` reads: an operation that is written as it was read, or a
// UserError.

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/config.h"
#include "search/cost/operation.h"
#include "search/cost/table_key.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    const auto json = config::parse(std::string(reinterpret_cast<const char*>(bytes), size), "operation");
    const search::Piece piece = search::read_operation(json, "operation");
    const auto written = nlohmann::json::parse(search::operation_json(piece).dump());
    const auto again =
        nlohmann::json::parse(search::operation_json(search::read_operation(written, "operation")).dump());
    FRUGAL_ASSERT(written == again, "what is written is read as the same");
  } catch (const base::UserError&) {
  }
  return 0;
}
