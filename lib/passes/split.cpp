#include "passes/split.h"

#include <algorithm>

#include "ir/operator.h"
#include "ir/verify.h"

namespace frugal::passes {
namespace {

using ir::NodeId;
using ir::TensorId;

// Of numbers of `size` bytes, row-major in `shape`, some indices of an axis.
std::vector<std::byte> some_of(const std::vector<std::byte>& all, const ir::Dims& shape, std::size_t axis,
                               const std::vector<std::int64_t>& indices, std::size_t size) {
  std::size_t inner = size, outer = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= static_cast<std::size_t>(shape[i]);
  for (std::size_t i = 0; i < axis; ++i) outer *= static_cast<std::size_t>(shape[i]);
  std::vector<std::byte> some;
  for (std::size_t o = 0; o < outer; ++o) {
    for (const std::int64_t i : indices) {
      const auto from = static_cast<std::ptrdiff_t>(
          (o * static_cast<std::size_t>(shape[axis]) + static_cast<std::size_t>(i)) * inner);
      some.insert(some.end(), all.begin() + from, all.begin() + from + static_cast<std::ptrdiff_t>(inner));
    }
  }
  return some;
}

ir::Quantization some_of(ir::Quantization all, const std::vector<std::int64_t>& channels) {
  if (all.axis != 0) return all;
  ir::Quantization some{{}, {}, 0};
  for (const std::int64_t channel : channels) {
    some.scale.push_back(all.scale[static_cast<std::size_t>(channel)]);
    some.zero_point.push_back(all.zero_point[static_cast<std::size_t>(channel)]);
  }
  return some;
}

class Split {
 public:
  explicit Split(const TrainingStep& step) : step_(step) {}

  TrainingStep made() {
    for (ir::Node& node : graph().nodes) {
      if (is_update(node)) split(node);
    }
    if (parts_.empty()) return std::move(step_);
    std::vector<ir::Node> ordered;
    const NodeId forward_end = step_.forward_end;
    const std::vector<ir::Node> nodes = std::move(graph().nodes);
    graph().nodes.clear();
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      ir::Node node = nodes[n];
      if (!is_update(node)) merge_inputs(node, ordered);
      ordered.push_back(std::move(node));
      if (static_cast<NodeId>(n) + 1 == forward_end) step_.forward_end = static_cast<NodeId>(ordered.size());
    }
    graph().nodes = std::move(ordered);
    step_.model.data.resize(graph().tensors.size());
    ir::verify(graph(), graph().name);
    return std::move(step_);
  }

 private:
  struct Part {
    TensorId whole = ir::none, trained = ir::none;
    ir::Attributes attributes;
    int merged = 0;
  };

  ir::Graph& graph() { return step_.model.graph; }

  TensorId add(ir::Tensor tensor, std::vector<std::byte> numbers) {
    graph().tensors.push_back(std::move(tensor));
    step_.model.data.resize(graph().tensors.size());
    step_.model.data.back() = std::move(numbers);
    return static_cast<TensorId>(graph().tensors.size() - 1);
  }

  void split(ir::Node& update) {
    const ir::Call call = ir::call_of(graph(), update);
    const std::vector<std::int64_t> channels = call.integers("channels");
    const TensorId whole = update.inputs[0];
    const ir::Tensor before = graph().tensor(whole);
    if (channels.empty() || before.type != ir::DataType::int8) return;
    const bool depthwise = call.flag("depthwise");
    const std::size_t axis = depthwise ? 0 : 1;
    ir::Tensor part = before;
    part.name += ".trained";
    part.shape[axis] = static_cast<std::int64_t>(channels.size());
    if (depthwise) part.quantization = some_of(*before.quantization, channels);
    graph().tensor(whole).role = ir::Role::constant;
    update.inputs[0] = add(part, some_of(step_.model.data[index(whole)], before.shape, axis, channels, 1));
    if (depthwise) update.inputs[3] = gathered(update.inputs[3], channels);
    graph().tensor(update.output).shape = part.shape;
    graph().tensor(update.output).quantization = part.quantization;
    parts_.push_back(
        {whole, update.inputs[0], {{"channels", channels}, {"depthwise", std::int64_t{depthwise ? 1 : 0}}}});
    for (auto& [name, value] : update.attributes) {
      if (name == "channels") value = std::vector<std::int64_t>{};
    }
    for (Trained& one : step_.trained) {
      if (one.parameter == whole) one = {update.inputs[0], whole, channels, depthwise};
    }
  }

  // Factors, or steps, of the output channels that are trained.
  TensorId gathered(TensorId id, const std::vector<std::int64_t>& channels) {
    ir::Tensor some = graph().tensor(id);
    const std::vector<std::byte>& numbers = step_.model.data[index(id)];
    const std::size_t size = numbers.size() / static_cast<std::size_t>(ir::elements(some.shape));
    std::vector<std::byte> taken = some_of(numbers, some.shape, 0, channels, size);
    some.name += ".trained";
    some.shape[0] = static_cast<std::int64_t>(channels.size());
    return add(std::move(some), std::move(taken));
  }

  // The operator that puts the weight together a few channels at a time; null: there is none.
  const ir::Operator* of_parts(const ir::Node& node) {
    const std::string op = node.op->name;
    const bool forward = op == "conv";
    if (!forward && op != "conv_input_gradient") return nullptr;
    const bool has_kernel = forward ? graph().tensor(node.output).type == ir::DataType::int8
                                    : graph().tensor(node.inputs[0]).type == ir::DataType::float32;
    if (!has_kernel || graph().tensor(node.output).shape.size() != 4 ||
        ir::call_of(graph(), node).integer("groups") != 1)
      return nullptr;
    return ir::find_operator(op + "_of_parts");
  }

  static void take_parts(ir::Node& node, const ir::Operator* of_parts, const Part& part) {
    ir::Attributes attributes =
        attributes_of(*of_parts, [&](const std::string& name) -> const ir::Attributes& {
          return name == "channels" ? part.attributes : node.attributes;
        });
    std::vector<TensorId> inputs{node.inputs[0], part.whole, part.trained};
    inputs.insert(inputs.end(), node.inputs.begin() + 2, node.inputs.end());  // a bias
    node = {of_parts, std::move(attributes), std::move(inputs), node.output, node.mask};
  }

  // Before any other node that reads a whole weight stands one that puts it together.
  void merge_inputs(ir::Node& node, std::vector<ir::Node>& before) {
    for (TensorId& input : node.inputs) {
      const auto part =
          std::find_if(parts_.begin(), parts_.end(), [&](const Part& p) { return p.whole == input; });
      if (part == parts_.end()) continue;
      if (const ir::Operator* op = of_parts(node)) return take_parts(node, op, *part);
      ir::Tensor merged = graph().tensor(part->whole);
      merged.name += part->merged == 0 ? ".merged" : ".merged" + std::to_string(part->merged + 1);
      merged.role = ir::Role::value;
      ++part->merged;
      input = add(std::move(merged), {});
      before.push_back({ir::find_operator("with_channels"),
                        part->attributes,
                        {part->whole, part->trained},
                        input,
                        ir::none});
    }
  }

  TrainingStep step_;
  std::vector<Part> parts_;
};

}  // namespace

TrainingStep with_split_weights(const TrainingStep& step) { return Split(step).made(); }

}  // namespace frugal::passes
