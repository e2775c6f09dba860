#include "passes/rows.h"

#include <algorithm>

#include "ir/operator.h"
#include "ops/arguments.h"

namespace frugal::passes {
namespace {

using ir::NodeId;

// Layers of a run beyond which nothing is tried: a row of a device's stack each.
constexpr NodeId longest = 12;
constexpr std::int32_t most_rows = 8;

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
void put(std::vector<RowChain>& chains, const RowChain& range) {
  std::erase_if(chains, [&](const RowChain& one) { return one.begin < range.end && range.begin < one.end; });
  chains.push_back(range);
}

}  // namespace

std::vector<RowChain> straight_runs(const TrainingStep& step) {
  const ir::Graph& graph = step.model.graph;
  std::vector<RowChain> runs;
  for (NodeId n = 0; n < step.forward_end; ++n) {
    const ir::Node& node = graph.nodes[index(n)];
    if (!runs_by_rows(graph, node)) continue;
    const bool whole = step.replay && node.inputs[0] == step.replay->value;  // in memory, to be kept
    const bool goes_on = !whole && !runs.empty() && runs.back().end == n &&
                         graph.nodes[index(n) - 1].output == node.inputs[0] &&
                         readers(graph, node.inputs[0]) == 1;
    if (goes_on) {
      ++runs.back().end;
    } else {
      runs.push_back({n, n + 1});
    }
  }
  std::erase_if(runs, [](const RowChain& run) { return run.end - run.begin < 2; });
  return runs;
}

bool may_overwrite(const TrainingStep& step, const RowChain& chain) {
  const ir::Graph& graph = step.model.graph;
  const ir::TensorId x = graph.nodes[index(chain.begin)].inputs[0];
  const ir::Role role = graph.tensor(x).role;
  if (role != ir::Role::value && role != ir::Role::input) return false;
  if (std::find(graph.outputs.begin(), graph.outputs.end(), x) != graph.outputs.end()) return false;
  for (std::size_t n = index(chain.begin) + 1; n < graph.nodes.size(); ++n) {
    const auto& reads = graph.nodes[n].inputs;
    if (std::find(reads.begin(), reads.end(), x) != reads.end()) return false;
  }
  return true;
}

std::size_t lead_of(const TrainingStep& step, const RowChain& chain) {
  const ir::Graph& graph = step.model.graph;
  std::vector<ops_window> windows;
  for (NodeId n = chain.begin; n < chain.end; ++n) {
    const ir::Node& node = graph.nodes[index(n)];
    windows.push_back(
        ops::window_of(node, graph.tensor(node.inputs[0]).shape, graph.tensor(node.output).shape));
  }
  const ops_window &first = windows.front(), &last = windows.back();
  const std::int64_t taken = std::int64_t{first.in_width} * first.in_channels,
                     given = std::int64_t{last.out_width} * last.out_channels;
  std::int64_t lead = 0;
  for (std::int32_t row = 0; row < last.out_height;) {
    row = std::min(row + chain.at_once, last.out_height);
    std::int32_t made = row;  // rows that a layer has given when those before this one are written
    for (std::size_t i = windows.size() - 1; i > 0; --i) {
      const ops_window& w = windows[i];
      const std::int32_t bottom =
          (made - 1) * w.stride_height - w.pad_top + (w.kernel_height - 1) * w.dilation_height + 1;
      made = std::min(bottom, w.in_height);
    }
    const std::int32_t read =
        made == first.out_height ? first.in_height : std::max(0, made * first.stride_height - first.pad_top);
    lead = std::max(lead, row * given - read * taken);
  }
  return static_cast<std::size_t>(lead);
}

TrainingStep with_rows(TrainingStep step, const Measure& measure) {
  const std::vector<RowChain> runs = straight_runs(step);
  std::size_t least = measure(step);
  for (bool better = true; better;) {
    better = false;
    const std::vector<RowChain> before = step.by_rows;
    std::vector<RowChain> best = before;
    // Shorter ones first: of equals the one with the least work stays.
    for (NodeId length = 2; length <= longest; ++length) {
      for (const RowChain& run : runs) {
        for (NodeId begin = run.begin; begin + length <= run.end; ++begin) {
          for (const bool over : {false, true}) {
            const RowChain chain{begin, begin + length, over};
            if (over && !may_overwrite(step, chain)) continue;
            step.by_rows = before;
            put(step.by_rows, chain);
            const std::size_t bytes = measure(step);
            if (bytes >= least) continue;
            least = bytes;
            best = step.by_rows;
            better = true;
          }
        }
      }
    }
    step.by_rows = best;
  }
  for (RowChain& chain : step.by_rows) {  // fewer calls where memory is left
    const auto most = [&](std::initializer_list<std::int32_t RowChain::*> counts) {
      for (std::int32_t rows = most_rows; rows > 1; rows /= 2) {
        const RowChain before = chain;
        for (const auto count : counts) chain.*count = std::max(chain.*count, rows);
        if (measure(step) <= least) return;
        chain = before;
      }
    };
    most({&RowChain::at_once, &RowChain::at_once_within});
    most({&RowChain::at_once});
    most({&RowChain::at_once_within});
  }
  return step;
}

}  // namespace frugal::passes
