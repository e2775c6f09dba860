#include "compile/optimize.h"

#include "emit/device_program.h"
#include "passes/in_place.h"
#include "passes/split.h"

namespace frugal::compile {
namespace {

struct Pass {
  const char *name, *help;
  passes::TrainingStep (*run)(passes::TrainingStep step);
};
constexpr Pass table[] = {
    {"split", "weights that are trained in part stay in flash but for their trained channels",
     [](passes::TrainingStep step) { return passes::with_split_weights(step); }},
    {"in-place", "gradients of depthwise layers are computed where those lie that they take",
     passes::with_gradients_in_place},
};

std::size_t bytes_of(const passes::TrainingStep& step, std::int32_t kernels, const std::string& origin) {
  const emit::DeviceProgram program(step, kernels, origin);
  return program.arena_bytes() + program.state_bytes();
}

}  // namespace

passes::TrainingStep optimized(passes::TrainingStep step, std::int32_t kernels, const std::string& origin,
                               std::vector<PassReport>* reports) {
  std::size_t bytes = bytes_of(step, kernels, origin);
  for (const Pass& pass : table) {
    passes::TrainingStep changed = pass.run(step);
    const PassReport report{pass.name, pass.help, bytes, bytes_of(changed, kernels, origin)};
    if (reports != nullptr) reports->push_back(report);
    if (!report.kept()) continue;
    step = std::move(changed);
    bytes = report.after;
  }
  return step;
}

}  // namespace frugal::compile
