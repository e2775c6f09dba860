// What `scalefit fit` printed, as predict, plan and compare read it: any text gives a surface that predicts,
// or a UserError.

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/config.h"
#include "fit/command/decision.h"
#include "fit/command/schedule.h"
#include "fit/schedule/shape.h"

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

void predict_along(const fit::ScheduleFit& fitted) {
  if (fitted.fit.draws.size() > 1000) return;
  std::vector<fit::Rates> asked = {fit::read_shape("constant:peak=1,steps=20", ""),
                                   fit::read_shape("cosine:peak=1e-3,warmup=5,steps=30", "")};
  for (const fit::SchedulePoints& run : fitted.fit.runs)
    asked.push_back(fit::continued(run.rates, {"", 10, true, 0}));
  for (const fit::Rates& rates : asked) {
    try {
      const double end = rates.end();
      fit::predict(fitted.fit, rates, {&end, 1}, fitted.coverage);
      fit::beyond(fitted.fit, rates);
    } catch (const base::UserError&) {
    }
  }
  nlohmann::ordered_json again;
  fit::add_to_result(fitted, again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  for (const char* group : {"", "a"}) {
    try {
      const nlohmann::json json = config::parse(text, "fit.json");
      if (fit::is_schedule_fit(json)) predict_along(fit::read_schedule_fit(json, "fit.json"));
      predict(fit::read_fit(json, "fit.json", group));
    } catch (const base::UserError&) {
    }
  }
  return 0;
}
