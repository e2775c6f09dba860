#include "compile/optimize.h"

#include <algorithm>

#include "emit/device_program.h"
#include "passes/fuse_updates.h"
#include "passes/in_place.h"
#include "passes/rows.h"
#include "passes/split.h"

namespace frugal::compile {
namespace {

struct Pass {
  const char *name, *help;
  passes::TrainingStep (*run)(passes::TrainingStep step, const passes::Measure& measure);
};
constexpr Pass table[] = {
    {"split", "weights that are trained in part stay in flash but for their trained channels",
     [](passes::TrainingStep step, const passes::Measure&) { return passes::with_split_weights(step); }},
    {"in-place", "gradients of depthwise layers are computed where those lie that they take",
     [](passes::TrainingStep step, const passes::Measure&) {
       return passes::with_gradients_in_place(std::move(step));
     }},
    {"fuse", "the gradient of a convolution's weights and its update are one kernel",
     [](passes::TrainingStep step, const passes::Measure&) {
       return passes::with_fused_updates(std::move(step));
     }},
    {"rows", "layers whose maps are large run row by row", passes::with_rows},
};

}  // namespace

passes::TrainingStep optimized(passes::TrainingStep step, std::int32_t kernels, const std::string& origin,
                               std::vector<PassReport>* reports) {
  const passes::Measure bytes_of = [&](const passes::TrainingStep& tried) {
    const emit::DeviceProgram program(tried, kernels, origin);
    return program.arena_bytes() + program.state_bytes();
  };
  std::size_t bytes = bytes_of(step);
  // What gains nothing yet may gain once another pass has lowered the peak elsewhere.
  std::vector<PassReport> done;
  for (bool better = true; better;) {
    better = false;
    for (const Pass& pass : table) {
      const auto before =
          std::find_if(done.begin(), done.end(), [&](const PassReport& r) { return r.name == pass.name; });
      if (before != done.end() && before->kept()) continue;
      passes::TrainingStep changed = pass.run(step, bytes_of);
      const PassReport report{pass.name, pass.help, bytes, bytes_of(changed)};
      if (before == done.end()) {
        done.push_back(report);
      } else {
        *before = report;
      }
      if (!report.kept()) continue;
      step = std::move(changed);
      bytes = report.after;
      better = true;
    }
  }
  if (reports != nullptr) *reports = done;
  return step;
}

}  // namespace frugal::compile
