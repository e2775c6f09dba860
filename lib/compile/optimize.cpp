#include "compile/optimize.h"

#include "emit/arena.h"
#include "emit/device_program.h"
#include "passes/fuse_updates.h"
#include "passes/in_place.h"
#include "passes/rows.h"
#include "passes/split.h"
#include "plan/peak.h"

namespace frugal::compile {
namespace {

using passes::TrainingStep;

struct Pass {
  const char *name, *help;
  TrainingStep (*run)(TrainingStep step);
};
// Those that change the graph. Which nodes run row by row is chosen behind them.
constexpr Pass table[] = {
    {"split", "weights that are trained in part stay in flash but for their trained channels",
     [](TrainingStep step) { return passes::with_split_weights(step); }},
    {"fuse", "the gradient of a convolution's weights and its update are one kernel",
     passes::with_fused_updates},
    {"in-place", "gradients of depthwise layers are computed where those lie that they take",
     passes::with_gradients_in_place},
};
constexpr const char *rows_name = "rows", *rows_help = "layers whose maps are large run row by row";

// Bytes of SRAM that a step takes at least: the planner reaches that, or nearly.
class Memory {
 public:
  Memory(std::int32_t kernels, const std::string& origin) : kernels_(kernels), origin_(origin) {}

  // Of the same nodes, with other chains.
  passes::Measure of_nodes(const TrainingStep& step) const {
    return [needs = emit::needs_of(step, kernels_, origin_)](const TrainingStep& tried) {
      return plan::peak_of(emit::blocks_of(tried, needs).blocks).bytes + state_bytes(tried);
    };
  }
  std::size_t of(const TrainingStep& step) const { return of_nodes(step)(step); }

 private:
  static std::size_t state_bytes(const TrainingStep& step) {
    std::size_t bytes = 0;
    for (const passes::Trained& one : step.trained)
      bytes += plan::aligned(step.model.data[passes::index(one.parameter)].size(), emit::alignment);
    return bytes;
  }

  std::int32_t kernels_;
  std::string origin_;
};

struct Variant {
  TrainingStep step;
  std::vector<PassReport> reports;
  std::size_t bytes = 0;
};

// With the passes whose bits are set.
Variant variant_of(const TrainingStep& step, unsigned chosen, const Memory& memory) {
  Variant made{step, {}, memory.of(step)};
  for (std::size_t i = 0; i < std::size(table); ++i) {
    PassReport report{table[i].name, table[i].help, made.bytes, made.bytes, (chosen >> i & 1U) != 0};
    if (report.kept) {
      made.step = table[i].run(std::move(made.step));
      report.after = made.bytes = memory.of(made.step);
    }
    made.reports.push_back(report);
  }
  PassReport report{rows_name, rows_help, made.bytes};
  const passes::Measure measure = memory.of_nodes(made.step);
  made.step = passes::with_rows(std::move(made.step), measure);
  report.after = made.bytes = measure(made.step);
  report.kept = !made.step.by_rows.empty();
  made.reports.push_back(report);
  return made;
}

}  // namespace

TrainingStep optimized(const TrainingStep& step, std::int32_t kernels, const std::string& origin,
                       std::vector<PassReport>* reports) {
  const Memory memory(kernels, origin);
  unsigned useful = 0;  // passes that change something
  for (std::size_t i = 0; i < std::size(table); ++i) {
    if (table[i].run(step).model.graph != step.model.graph) useful |= 1U << i;
  }
  // A pass may gain only beside others, which lower the peak elsewhere: all choices are tried, those of few
  // passes first.
  Variant best = variant_of(step, 0, memory);
  for (unsigned chosen = 1; chosen < 1U << std::size(table); ++chosen) {
    if ((chosen & ~useful) != 0) continue;
    Variant tried = variant_of(step, chosen, memory);
    if (tried.bytes < best.bytes) best = std::move(tried);
  }
  if (reports != nullptr) *reports = best.reports;
  return std::move(best.step);
}

}  // namespace frugal::compile
