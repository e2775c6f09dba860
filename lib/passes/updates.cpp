#include "passes/updates.h"

#include <algorithm>

#include "autodiff/scaling.h"
#include "ir/builder.h"
#include "ir/operator.h"

namespace frugal::passes {
namespace {

using ir::NodeId;
using ir::TensorId;

class Updates {
 public:
  Updates(const autodiff::TrainingGraph& training, const UpdateConfig& config, const std::string& origin)
      : training_(training), config_(config), builder_(training.model.graph, origin) {
    step_.model.data = training.model.data;
    step_.forward_end = training.forward_end;
    step_.image = training.image;
    step_.label = training.label;
    step_.logits = training.logits;
    step_.loss = training.loss;
    step_.without_floats = graph().tensor(training.loss).type == ir::DataType::int32;
  }

  TrainingStep made() {
    if (!training_.gradients.empty()) {
      step_.rate = step_.without_floats ? builder_.input("rate", {2}, ir::DataType::int32)
                                        : builder_.input("rate", {1});
      step_.seed = builder_.input("seed", {1}, ir::DataType::int32);
    }
    std::int64_t place = 0;
    for (const autodiff::Gradient& gradient : training_.gradients) {
      add(gradient, place);
      place += ir::elements(graph().tensor(gradient.parameter).shape);
    }
    std::vector<TensorId> outputs{step_.logits, step_.loss};
    outputs.insert(outputs.end(), updated_.begin(), updated_.end());
    const auto first_update = builder_.size() - static_cast<NodeId>(updated_.size());
    step_.model.graph = builder_.finish(outputs);
    step_.model.data.resize(step_.model.graph.tensors.size());
    if (config_.early) put_early(first_update);
    return std::move(step_);
  }

 private:
  const ir::Graph& graph() const { return builder_.graph(); }

  TensorId constant(const std::string& name, const ir::Dims& shape, ir::DataType type) {
    return builder_.constant(name, shape, type);
  }

  void add(const autodiff::Gradient& gradient, std::int64_t place) {
    const ir::Tensor parameter = graph().tensor(gradient.parameter);
    const ir::Node& node = training_.model.graph.nodes[index(gradient.node)];
    const bool depthwise = ir::is(node, "depthwise_conv") && parameter.shape.size() > 1;
    std::vector<TensorId> inputs{gradient.parameter, gradient.gradient};
    std::int64_t unusable = 0;
    double numerator = 0;
    if (step_.without_floats) {
      inputs.push_back(gradient.exponent);
      inputs.push_back(integer_steps(gradient, parameter, unusable));
      inputs.push_back(step_.rate);
      inputs.push_back(step_.seed);
    } else {
      inputs.push_back(step_.rate);
      if (parameter.type != ir::DataType::float32) {
        inputs.push_back(factors(gradient, parameter, numerator, unusable));
        inputs.push_back(step_.seed);
      }
    }
    ir::Attributes attributes{{"channels", gradient.channels},
                              {"depthwise", std::int64_t{depthwise ? 1 : 0}},
                              {"place", place},
                              {"storage", config_.storage}};
    if (numerator > 0) attributes.emplace_back("numerator", numerator);
    const TensorId updated = builder_.add(step_.without_floats ? "update_integer" : "update",
                                          parameter.name + ".updated", inputs, attributes);
    if (parameter.quantization) builder_.store_as(updated, parameter.type, *parameter.quantization);
    updated_.push_back(updated);
    step_.trained.push_back({gradient.parameter, gradient.parameter, {}, depthwise});
    if (unusable > 0)
      step_.untrained.push_back(parameter.name + ": " + std::to_string(unusable) + " of " +
                                std::to_string(parameter.shape[0]));
  }

  // Of a bias the scales and their numerator where there are such.
  TensorId factors(const autodiff::Gradient& gradient, const ir::Tensor& parameter, double& numerator,
                   std::int64_t& unusable) {
    const auto of_scales = autodiff::factors_of_scales(training_.model, gradient, config_.qas);
    std::vector<float> values;
    if (of_scales) {
      values = of_scales->scale;
      numerator = of_scales->numerator;
      unusable += std::count(values.begin(), values.end(), 0.0F);
    } else {
      values = autodiff::float_factors(training_.model, gradient, config_.qas, unusable);
    }
    const TensorId id = constant(parameter.name + (of_scales ? ".scale" : ".factor"), {parameter.shape[0]},
                                 ir::DataType::float32);
    step_.model.set<float>(id, values);
    return id;
  }

  TensorId integer_steps(const autodiff::Gradient& gradient, const ir::Tensor& parameter,
                         std::int64_t& unusable) {
    std::vector<std::int32_t> values;
    for (const ops_number& number :
         autodiff::integer_steps(training_.model, gradient, config_.qas, unusable)) {
      values.push_back(number.multiplier);
      values.push_back(number.shift);
    }
    const TensorId id = constant(parameter.name + ".step", {parameter.shape[0], 2}, ir::DataType::int32);
    step_.model.set<std::int32_t>(id, values);
    return id;
  }

  // Each update directly behind what it needs and the last reader of what it overwrites.
  void put_early(NodeId first_update) {
    std::vector<ir::Node>& nodes = step_.model.graph.nodes;
    std::vector<ir::Node> updates(nodes.begin() + first_update, nodes.end());
    nodes.resize(index(first_update));
    std::vector<std::vector<const ir::Node*>> behind(nodes.size());
    for (const ir::Node& update : updates) {
      std::size_t last = index(step_.forward_end) - 1;
      for (std::size_t n = 0; n < nodes.size(); ++n) {
        const auto& reads = nodes[n].inputs;
        const bool gives =
            std::find(update.inputs.begin(), update.inputs.end(), nodes[n].output) != update.inputs.end();
        if (gives || std::find(reads.begin(), reads.end(), update.inputs[0]) != reads.end())
          last = std::max(last, n);
      }
      behind[last].push_back(&update);
    }
    std::vector<ir::Node> ordered;
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      ordered.push_back(std::move(nodes[n]));
      for (const ir::Node* update : behind[n]) ordered.push_back(*update);
    }
    nodes = std::move(ordered);
  }

  const autodiff::TrainingGraph& training_;
  const UpdateConfig& config_;
  ir::Builder builder_;
  TrainingStep step_;
  std::vector<TensorId> updated_;
};

}  // namespace

ir::Attributes attributes_of(const ir::Operator& op,
                             const std::function<const ir::Attributes&(const std::string& name)>& from) {
  ir::Attributes attributes;
  for (const ir::AttributeSpec& spec : op.attributes) {
    const ir::Attributes& all = from(spec.name);
    attributes.push_back(
        *std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.first == spec.name; }));
  }
  return attributes;
}

bool is_update(const ir::Node& node) {
  return ir::is(node, "update") || ir::is(node, "update_integer") || ir::is(node, "conv_weight_update");
}

TrainingStep with_updates(const autodiff::TrainingGraph& training, const UpdateConfig& config,
                          const std::string& origin) {
  return Updates(training, config, origin).made();
}

}  // namespace frugal::passes
