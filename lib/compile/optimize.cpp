#include "compile/optimize.h"

#include <algorithm>

#include "base/error.h"
#include "compile/config.h"
#include "compile/order.h"
#include "emit/arena.h"
#include "emit/device_program.h"
#include "passes/channels.h"
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
    {"channels", "gradients of inverted bottlenecks are computed some hidden channels at a time",
     passes::with_channels_in_turn},
};
constexpr const char *order_name = "order",
                     *order_help = "nodes run in another order, with less alive at once (branches)";
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

// With the passes whose bits are set.
TrainingStep changed(TrainingStep step, unsigned chosen) {
  for (std::size_t i = 0; i < std::size(table); ++i) {
    if ((chosen >> i & 1U) != 0) step = table[i].run(std::move(step));
  }
  return step;
}

// What each pass did to the memory on the way to `best`.
std::vector<PassReport> reports_of(const TrainingStep& given, const TrainingStep& step, unsigned chosen,
                                   const TrainingStep& best, const Memory& memory) {
  std::vector<PassReport> reports;
  std::size_t bytes = memory.of(given);
  const auto add = [&](const char* name, const char* help, const TrainingStep& after, bool kept) {
    PassReport report{name, help, bytes, bytes, kept};
    if (kept) report.after = bytes = memory.of(after);
    reports.push_back(std::move(report));
  };
  add(order_name, order_help, step, step.model.graph != given.model.graph);
  for (std::size_t i = 0; i < std::size(table); ++i) {
    const unsigned so_far = chosen & ((2U << i) - 1);
    add(table[i].name, table[i].help, changed(step, so_far), (chosen >> i & 1U) != 0);
  }
  add(rows_name, rows_help, best, !best.by_rows.empty());
  return reports;
}

}  // namespace

TrainingStep optimized(const TrainingStep& given, const PassSettings& settings,
                       std::vector<PassReport>* reports) {
  const auto may = [&](const std::string& name) {
    return std::find(settings.passes.begin(), settings.passes.end(), name) != settings.passes.end();
  };
  for (const std::string& name : settings.passes) {
    if (std::find(pass_names.begin(), pass_names.end(), name) != pass_names.end()) continue;
    std::string known;
    for (const std::string& one : pass_names) known += (known.empty() ? "" : ", ") + one;
    throw base::UserError("passes", "has '" + name + "', which is none", "these are: " + known);
  }
  const Memory memory(settings.kernels, settings.origin);
  const TrainingStep step =
      may(order_name) ? in_searched_order(given, settings.kernels, settings.origin) : given;
  unsigned useful = 0;  // passes that change something, behind those before them
  TrainingStep before = step;
  for (std::size_t i = 0; i < std::size(table); ++i) {
    if (!may(table[i].name)) continue;
    TrainingStep after = table[i].run(before);
    if (after.model.graph != before.model.graph || after.by_channels.size() > before.by_channels.size())
      useful |= 1U << i;
    before = std::move(after);
  }
  // A pass may gain only beside others, which lower the peak elsewhere: all choices are tried. Of those that
  // take the same the one with the fewest loops over channels stays, and then that of the fewest passes.
  TrainingStep best;
  unsigned best_choice = 0;
  std::size_t least = static_cast<std::size_t>(-1);
  for (unsigned chosen = 0; chosen < 1U << std::size(table); ++chosen) {
    if ((chosen & ~useful) != 0) continue;
    TrainingStep tried = changed(step, chosen);
    const passes::Measure measure = memory.of_nodes(tried);
    if (may(rows_name)) tried = passes::with_rows(std::move(tried), measure);
    tried = passes::with_useful_channels(std::move(tried), measure);
    const std::size_t bytes = measure(tried);
    if (bytes > least || (bytes == least && tried.by_channels.size() >= best.by_channels.size())) continue;
    least = bytes;
    best_choice = chosen;
    best = std::move(tried);
  }
  if (reports != nullptr) *reports = reports_of(given, step, best_choice, best, memory);
  return best;
}

}  // namespace frugal::compile
