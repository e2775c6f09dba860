// What `scalefit fit` printed, as predict, plan and compare read it: any text gives a surface that predicts,
// or a UserError.

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/config.h"
#include "fit/command/decision.h"

using namespace frugal;

namespace {

void predict(const fit::ReadFit& fitted) {
  const fit::Surface& surface = *fitted.surface;
  fit::RunScale beyond;
  for (const std::string& name : surface.variables()) beyond.set(name, 10 * surface.largest().of(name));
  fit::cost_of("", fitted, "input");
  if (surface.draws() > 1000) return;  // as many as the file says: only slow
  for (const fit::RunScale& scale : {surface.smallest(), beyond}) {
    fit::to_json(surface.predict(scale, fitted.coverage));
    surface.beyond(scale);
    surface.set_aside(scale);
    for (const bool with_misfit : {false, true}) surface.error(scale, surface.draws() - 1, with_misfit);
  }
  nlohmann::ordered_json again;
  surface.write(again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  for (const char* group : {"", "a"}) {
    try {
      predict(fit::read_fit(config::parse(text, "fit.json"), "fit.json", group));
    } catch (const base::UserError&) {
    }
  }
  return 0;
}
