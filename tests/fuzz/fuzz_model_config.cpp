// config.json of transformers, of every architecture: sizes that can be counted, or a UserError; what is
// written of it is read as the same.

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/config.h"
#include "model/transformer/config.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  try {
    const nlohmann::json json = config::parse(text, "config.json");
    const model::TransformerConfig first = model::read_config(json, "config.json");
    FRUGAL_ASSERT(model::parameter_count(first) > 0, "a model has parameters");
    if (first.layers > 50) return 0;
    model::file_tensors(first);
    const auto written = nlohmann::json::parse(model::write_config(first).dump());
    const model::TransformerConfig again = model::read_config(written, "config.json");
    FRUGAL_ASSERT(model::parameter_count(again) == model::parameter_count(first),
                  "what is written is read as the same");
  } catch (const base::UserError&) {
  }
  return 0;
}
