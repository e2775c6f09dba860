#include "autodiff/backward.h"

#include <algorithm>

#include "autodiff/rules.h"
#include "base/error.h"
#include "ir/builder.h"
#include "ir/operator.h"

namespace frugal::autodiff {
namespace {

using ir::NodeId;
using ir::TensorId;

std::size_t index(std::int32_t id) { return static_cast<std::size_t>(id); }

class Differentiator : public Backward {
 public:
  Differentiator(const ir::Model& model, const std::vector<TrainedLayer>& trained, const std::string& origin)
      : origin_(origin), builder_(model.graph, origin) {
    result_.model.data = model.data;
    for (const TrainedLayer& layer : trained) {
      FRUGAL_ASSERT(index(layer.node) < model.graph.nodes.size(), "a trained layer that is no node");
      if (find_trained(layer.node) != nullptr) fail_at(layer.node, "is trained twice");
      if (ir::weight_of(model.graph, model.graph.nodes[index(layer.node)]) == ir::none)
        fail_at(layer.node, "has no weight and cannot be trained");
      trained_.push_back(layer);
    }
  }

  TrainingGraph run() {
    add_loss();
    find_needed();
    const NodeId end = builder_.size();
    result_.forward_end = end;
    gradients_.assign(builder_.graph().tensors.size(), ir::none);
    for (now_ = end - 1; now_ >= 0; --now_) differentiate();
    std::vector<TensorId> outputs{result_.logits, result_.loss};
    for (const Gradient& gradient : result_.gradients) outputs.push_back(gradient.gradient);
    result_.model.graph = builder_.finish(outputs);
    result_.model.data.resize(result_.model.graph.tensors.size());
    return std::move(result_);
  }

  const ir::Graph& graph() const override { return builder_.graph(); }
  const ir::Node& node() const override { return graph().nodes[index(now_)]; }
  TensorId gradient() const override { return gradients_[index(node().output)]; }
  bool wants(std::size_t input) const override { return needed_[index(node().inputs[input])]; }
  const TrainedLayer* trained() const override { return find_trained(now_); }

  // What has several readers gets the sum of their gradients.
  void give(std::size_t input, TensorId gradient) override {
    TensorId& sum = gradients_[index(node().inputs[input])];
    if (sum == ir::none) {
      sum = gradient;
    } else {
      sum = add("add", std::to_string(input) + "_gradient_sum", {sum, gradient}, {});
    }
  }
  void give_parameter(TensorId parameter, TensorId gradient,
                      const std::vector<std::int64_t>& channels) override {
    result_.gradients.push_back({parameter, gradient, now_, channels});
  }

  TensorId add(const char* op, const std::string& suffix, const std::vector<TensorId>& inputs,
               const ir::Attributes& attributes) override {
    return builder_.add(op, output().name + "." + suffix, inputs, attributes);
  }
  TensorId constant(const std::string& suffix, const std::vector<float>& values) override {
    const TensorId id =
        builder_.constant(output().name + "." + suffix, {static_cast<std::int64_t>(values.size())});
    result_.model.set<float>(id, values);
    return id;
  }
  TensorId mask() override {
    if (node().mask != ir::none) return node().mask;
    return builder_.mask(node().output, output().name + ".mask");
  }
  void fail(const std::string& message, const std::string& hint) const override {
    throw base::UserError(origin_ + ": " + output().name, std::string(node().op->name) + " " + message, hint);
  }

 private:
  [[noreturn]] void fail_at(NodeId node, const std::string& message) const {
    throw base::UserError(origin_ + ": " + graph().name_of(graph().nodes[index(node)]), message);
  }

  const TrainedLayer* find_trained(NodeId node) const {
    const auto found = std::find_if(trained_.begin(), trained_.end(),
                                    [&](const TrainedLayer& layer) { return layer.node == node; });
    return found == trained_.end() ? nullptr : &*found;
  }

  void add_loss() {
    result_.image = graph().inputs.front();
    const TensorId out = graph().outputs.front();
    const ir::Tensor& logits = graph().tensor(out);
    if (logits.type != ir::DataType::float32 || logits.shape.size() != 2)
      throw base::UserError(origin_ + ": " + logits.name, "is no logits [1, classes] in f32",
                            "the head is trained in float: give the network a new one");
    result_.logits = out;
    result_.label = builder_.input("label", {logits.shape[0]}, ir::DataType::int32);
    result_.loss = builder_.add("cross_entropy", "loss", {out, result_.label});
  }

  // A tensor needs a gradient where something trained lies before it.
  void find_needed() {
    needed_.assign(graph().tensors.size(), false);
    for (NodeId n = 0; n < builder_.size(); ++n) {
      const ir::Node& at = graph().nodes[index(n)];
      const bool need =
          find_trained(n) != nullptr ||
          std::any_of(at.inputs.begin(), at.inputs.end(), [&](TensorId id) { return needed_[index(id)]; });
      needed_[index(at.output)] = need;
    }
  }

  void differentiate() {
    const ir::Node at = node();
    const bool is_loss = at.output == result_.loss;
    if (!needed_[index(at.output)] || (!is_loss && gradient() == ir::none)) return;
    const Rule rule = find_rule(at.op->name);
    if (rule == nullptr)
      fail("has no gradient, which training below it needs", "train only what stands behind it");
    rule(*this);
  }

  std::string origin_;
  ir::Builder builder_;
  TrainingGraph result_;
  std::vector<TrainedLayer> trained_;
  std::vector<bool> needed_;
  std::vector<TensorId> gradients_;  // of each forward tensor
  NodeId now_ = 0;
};

}  // namespace

TrainingGraph with_backward(const ir::Model& model, const std::vector<TrainedLayer>& trained,
                            const std::string& origin) {
  return Differentiator(model, trained, origin).run();
}

std::vector<NodeId> layers_with_weights(const ir::Graph& graph) {
  std::vector<NodeId> layers;
  for (NodeId n = 0; n < static_cast<NodeId>(graph.nodes.size()); ++n) {
    if (ir::weight_of(graph, graph.nodes[index(n)]) != ir::none) layers.push_back(n);
  }
  return layers;
}

}  // namespace frugal::autodiff
