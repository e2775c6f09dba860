#include "passes/rows.h"

#include <algorithm>

#include "ir/operator.h"
#include "ops/arguments.h"

namespace frugal::passes {
namespace {

using ir::NodeId;

// Layers of a run beyond which nothing is tried: a row of a device's stack each.
constexpr NodeId longest = 12;

bool runs_by_rows(const ir::Graph& graph, const ir::Node& node) {
  const std::string op = node.op->name;
  if ((op != "conv" && op != "depthwise_conv") || node.mask != ir::none) return false;
  const ir::Tensor &x = graph.tensor(node.inputs[0]), &y = graph.tensor(node.output);
  if (x.type != ir::DataType::int8 || y.type != ir::DataType::int8 || x.shape.size() != 4) return false;
  const ops_window w = ops::window_of(node, x.shape, y.shape);
  const std::int32_t reach = (w.kernel_height - 1) * w.dilation_height + 1;
  const std::int32_t last = (w.out_height - 1) * w.stride_height - w.pad_top;
  return w.pad_top < reach && last < w.in_height;  // each row of it reads some row of the image
}

int readers(const ir::Graph& graph, ir::TensorId id) {
  int count = static_cast<int>(std::count(graph.outputs.begin(), graph.outputs.end(), id));
  for (const ir::Node& node : graph.nodes)
    count += static_cast<int>(std::count(node.inputs.begin(), node.inputs.end(), id));
  return count;
}

// A chain in place of those that it meets.
void put(std::vector<ir::NodeRange>& chains, ir::NodeRange range) {
  std::erase_if(chains,
                [&](const ir::NodeRange& one) { return one.begin < range.end && range.begin < one.end; });
  chains.push_back(range);
}

}  // namespace

std::vector<ir::NodeRange> straight_runs(const TrainingStep& step) {
  const ir::Graph& graph = step.model.graph;
  std::vector<ir::NodeRange> runs;
  for (NodeId n = 0; n < step.forward_end; ++n) {
    const ir::Node& node = graph.nodes[index(n)];
    if (!runs_by_rows(graph, node)) continue;
    const bool goes_on = !runs.empty() && runs.back().end == n &&
                         graph.nodes[index(n) - 1].output == node.inputs[0] &&
                         readers(graph, node.inputs[0]) == 1;
    if (goes_on) {
      ++runs.back().end;
    } else {
      runs.push_back({n, n + 1});
    }
  }
  std::erase_if(runs, [](const ir::NodeRange& run) { return run.end - run.begin < 2; });
  return runs;
}

TrainingStep with_rows(TrainingStep step, const Measure& measure) {
  const std::vector<ir::NodeRange> runs = straight_runs(step);
  std::size_t least = measure(step);
  for (bool better = true; better;) {
    better = false;
    const std::vector<ir::NodeRange> before = step.by_rows;
    std::vector<ir::NodeRange> best = before;
    // Shorter ones first: of equals the one with the least work stays.
    for (NodeId length = 2; length <= longest; ++length) {
      for (const ir::NodeRange& run : runs) {
        for (NodeId begin = run.begin; begin + length <= run.end; ++begin) {
          step.by_rows = before;
          put(step.by_rows, {begin, begin + length});
          const std::size_t bytes = measure(step);
          if (bytes >= least) continue;
          least = bytes;
          best = step.by_rows;
          better = true;
        }
      }
    }
    step.by_rows = best;
  }
  return step;
}

}  // namespace frugal::passes
