#include "model/image/graph_forward.h"

#include <torch/torch.h>

#include <algorithm>
#include <limits>
#include <string_view>

#include "base/error.h"
#include "ir/operator.h"

namespace frugal::model {

// One node's work: what it computes on, its parameters in the order of the operator's description, and
// whether it may write into its first input.
struct GraphWork {
  const ir::Call& call;
  const std::vector<torch::Tensor>& x;
  const std::vector<torch::Tensor>& parameters;
  const GraphMode& mode;
  bool in_place = false;

  torch::Tensor parameter(std::size_t i) const {
    return i < parameters.size() ? parameters[i] : torch::Tensor();
  }
};

namespace {

using torch::Tensor;
using Tensors = std::vector<Tensor>;

struct TorchOperator {
  const char* name;
  Tensor (*run)(const GraphWork&);
};

// Zeros, or another value, around x where torch cannot pad by itself: sides that differ, or, for a pool, more
// than half of the kernel. `padding` is what is left to torch.
Tensor padded(const GraphWork& work, const Tensor& x, std::vector<std::int64_t>& padding, bool is_pool,
              double value = 0) {
  const auto &both = work.call.integers("padding"), &kernel = work.call.integers("kernel");
  const std::size_t axes = both.size() / 2;
  padding.assign(both.begin(), both.begin() + static_cast<std::ptrdiff_t>(axes));
  bool by_torch = true;
  std::vector<std::int64_t> sides;  // torch's order: the last axis first
  for (std::size_t a = axes; a-- > 0;) {
    by_torch = by_torch && both[a] == both[axes + a] && !(is_pool && 2 * both[a] > kernel[a]);
    sides.push_back(both[a]);
    sides.push_back(both[axes + a]);
  }
  if (by_torch) return x;
  padding.assign(axes, 0);
  return torch::constant_pad_nd(x, sides, value);
}

Tensor convolve(const GraphWork& work, std::int64_t groups) {
  std::vector<std::int64_t> padding;
  const Tensor x = padded(work, work.x[0], padding, false);
  const auto &stride = work.call.integers("stride"), &dilation = work.call.integers("dilation");
  const Tensor weight = work.parameter(0), bias = work.parameter(1);
  return stride.size() == 1 ? torch::conv1d(x, weight, bias, stride, padding, dilation, groups)
                            : torch::conv2d(x, weight, bias, stride, padding, dilation, groups);
}

Tensor batch_norm(const GraphWork& work) {
  const double momentum = work.call.real("momentum"), eps = work.call.real("eps");
  const Tensor& x = work.x[0];
  if (work.mode.training && work.mode.sum != nullptr) {
    return batch_norm_clip(x, {work.parameter(0), work.parameter(1), work.parameter(2), work.parameter(3)},
                           {momentum, eps}, work.mode.sum);
  }
  return torch::batch_norm(x, work.parameter(0), work.parameter(1), work.parameter(2), work.parameter(3),
                           work.mode.training, momentum, eps, false);
}

std::vector<std::int64_t> over_positions(const Tensor& x) {
  std::vector<std::int64_t> axes;
  for (std::int64_t axis = 2; axis < x.dim(); ++axis) axes.push_back(axis);
  return axes;
}

// Padding does not count: the mean over the window, divided by the share of it that is no padding.
Tensor average_pool(const GraphWork& work) {
  std::vector<std::int64_t> padding;
  const auto &kernel = work.call.integers("kernel"), &stride = work.call.integers("stride");
  const auto mean = [&](const Tensor& x) {
    return kernel.size() == 1 ? torch::avg_pool1d(x, kernel, stride, padding, false, false)
                              : torch::avg_pool2d(x, kernel, stride, padding, false, false);
  };
  const Tensor x = padded(work, work.x[0], padding, true);
  if (x.is_same(work.x[0])) return mean(x);
  return mean(x) / mean(padded(work, torch::ones_like(work.x[0]), padding, true));
}

Tensor max_pool(const GraphWork& work) {
  std::vector<std::int64_t> padding;
  const Tensor x = padded(work, work.x[0], padding, true, -std::numeric_limits<double>::infinity());
  const auto &kernel = work.call.integers("kernel"), &stride = work.call.integers("stride");
  const auto& dilation = work.call.integers("dilation");
  return kernel.size() == 1 ? torch::max_pool1d(x, kernel, stride, padding, dilation)
                            : torch::max_pool2d(x, kernel, stride, padding, dilation);
}

Tensor relu(const GraphWork& work) {
  Tensor x = work.x[0];
  return work.in_place ? torch::relu_(x) : torch::relu(x);
}

Tensor relu6(const GraphWork& work) {
  Tensor x = work.x[0];
  return work.in_place ? torch::hardtanh_(x, 0, 6) : torch::hardtanh(x, 0, 6);
}

Tensor add(const GraphWork& work) {
  Tensor x = work.x[0];
  return work.in_place && !work.mode.training ? x.add_(work.x[1]) : x + work.x[1];
}

Tensor shuffle(const GraphWork& work) {
  std::vector<std::int64_t> size = work.x[0].sizes().vec(), parts = size;
  const std::int64_t groups = work.call.integer("groups");
  parts[1] = groups;
  parts.insert(parts.begin() + 2, size[1] / groups);
  return work.x[0].reshape(parts).transpose(1, 2).reshape(size);
}

Tensor reshape(const GraphWork& work) {
  std::vector<std::int64_t> size{work.x[0].size(0)};
  for (const std::int64_t one : work.call.integers("shape")) size.push_back(one);
  return work.x[0].reshape(size);
}

Tensor pad(const GraphWork& work) {
  std::vector<std::int64_t> sides(static_cast<std::size_t>(2 * (work.x[0].dim() - work.call.integer("axis"))),
                                  0);
  sides.back() = work.call.integer("after");
  return torch::constant_pad_nd(work.x[0], sides);
}

constexpr TorchOperator table[] = {
    {"conv", [](const GraphWork& work) { return convolve(work, work.call.integer("groups")); }},
    {"depthwise_conv", [](const GraphWork& work) { return convolve(work, work.x[0].size(1)); }},
    {"fully_connected",
     [](const GraphWork& work) { return torch::linear(work.x[0], work.parameter(0), work.parameter(1)); }},
    {"embedding",
     [](const GraphWork& work) {
       const Tensor vectors = torch::embedding(work.parameter(0), work.x[0]);
       return work.call.flag("channels_first") ? vectors.transpose(1, 2).contiguous() : vectors;
     }},
    {"batch_norm", batch_norm},
    {"relu", relu},
    {"relu6", relu6},
    {"h_swish", [](const GraphWork& work) { return torch::hardswish(work.x[0]); }},
    {"h_sigmoid", [](const GraphWork& work) { return torch::hardsigmoid(work.x[0]); }},
    {"sigmoid", [](const GraphWork& work) { return torch::sigmoid(work.x[0]); }},
    {"tanh", [](const GraphWork& work) { return torch::tanh(work.x[0]); }},
    {"softmax", [](const GraphWork& work) { return torch::softmax(work.x[0], -1); }},
    {"add", add},
    {"mul", [](const GraphWork& work) { return work.x[0] * work.x[1]; }},
    {"max_pool", max_pool},
    {"average_pool", average_pool},
    {"global_average_pool",
     [](const GraphWork& work) { return work.x[0].mean(over_positions(work.x[0]), true); }},
    {"identity", [](const GraphWork& work) { return work.x[0]; }},
    {"reshape", reshape},
    {"flatten", [](const GraphWork& work) { return work.x[0].flatten(1); }},
    {"concatenate", [](const GraphWork& work) { return torch::cat(work.x, work.call.integer("axis")); }},
    {"slice",
     [](const GraphWork& work) {
       return work.x[0].slice(work.call.integer("axis"), work.call.integer("begin"),
                              work.call.integer("end"));
     }},
    {"pad", pad},
    {"channel_shuffle", shuffle},
};

auto torch_operator(const char* name) {
  for (const TorchOperator& entry : table) {
    if (std::string_view(entry.name) == name) return entry.run;
  }
  throw base::UserError("operator", "'" + std::string(name) + "' cannot be computed with torch here");
}

// Gives a tensor of its own, which backward does not read again.
bool gives_fresh(const ir::Node& node) {
  static constexpr std::string_view names[] = {"conv", "depthwise_conv", "fully_connected", "batch_norm",
                                               "add"};
  return std::find(std::begin(names), std::end(names), std::string_view(node.op->name)) != std::end(names);
}

}  // namespace

struct GraphForward::Steps {
  struct Step {
    const ir::Node* node = nullptr;
    Tensor (*run)(const GraphWork&) = nullptr;
    Tensors parameters;
    std::vector<ir::TensorId> last_read;  // values that no later node reads
    bool in_place = false;
  };

  std::shared_ptr<const ir::Graph> graph;
  std::vector<Step> steps;
  ir::TensorId input = ir::none;
};

GraphForward::GraphForward(std::shared_ptr<const ir::Graph> graph, ir::NodeId first, ir::NodeId end,
                           Tensors parameters) {
  const auto index = [](ir::TensorId id) { return static_cast<std::size_t>(id); };
  parameters.resize(graph->tensors.size());
  std::vector<ir::NodeId> last_reader(graph->tensors.size(), ir::none);
  std::vector<const ir::Node*> computed_by(graph->tensors.size(), nullptr);
  for (ir::NodeId n = first; n < end; ++n) {
    const ir::Node& node = graph->nodes[index(n)];
    for (const ir::TensorId id : ir::call_of(*graph, node).inputs) last_reader[index(id)] = n;
    computed_by[index(node.output)] = &node;
  }
  auto all = std::make_shared<Steps>();
  for (ir::NodeId n = first; n < end; ++n) {
    const ir::Node& node = graph->nodes[index(n)];
    const ir::Call call = ir::call_of(*graph, node);
    Steps::Step step;
    step.node = &node;
    step.run = torch_operator(node.op->name);
    for (std::size_t i = call.inputs.size(); i < node.inputs.size(); ++i) {
      step.parameters.push_back(parameters[index(node.inputs[i])]);
    }
    for (const ir::TensorId id : call.inputs) {
      if (last_reader[index(id)] == n) step.last_read.push_back(id);
    }
    const ir::TensorId x = call.inputs.front();
    const bool read_twice = std::count(call.inputs.begin(), call.inputs.end(), x) > 1;
    const ir::Node* before = computed_by[index(x)];
    step.in_place = last_reader[index(x)] == n && !read_twice && before != nullptr && gives_fresh(*before);
    if (all->input == ir::none) all->input = x;
    all->steps.push_back(std::move(step));
  }
  all->graph = std::move(graph);
  steps_ = std::move(all);
}

Tensor GraphForward::operator()(const Tensor& input, const GraphMode& mode, const Observer& observe) const {
  if (steps_->steps.empty()) return input;
  const ir::Graph& graph = *steps_->graph;
  Tensors values(graph.tensors.size());
  const auto value = [&](ir::TensorId id) -> Tensor& { return values[static_cast<std::size_t>(id)]; };
  value(steps_->input) = input;
  for (const Steps::Step& step : steps_->steps) {
    const ir::Call call = ir::call_of(graph, *step.node);
    Tensors x;
    for (const ir::TensorId id : call.inputs) x.push_back(value(id));
    for (const ir::TensorId id : step.last_read) value(id) = Tensor();
    const bool folded = mode.fold_batch_norm && std::string_view(step.node->op->name) == "batch_norm";
    value(step.node->output) = folded ? x[0] : step.run({call, x, step.parameters, mode, step.in_place});
    if (observe) observe(step.node->output, value(step.node->output));
  }
  return value(steps_->steps.back().node->output);
}

}  // namespace frugal::model
