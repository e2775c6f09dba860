// What differentiating a network has in common, whatever numbers the gradients have: which tensors need one,
// the nodes from the last to the first, names and errors.
#pragma once

#include <algorithm>

#include "autodiff/rules.h"
#include "base/error.h"
#include "ir/operator.h"

namespace frugal::autodiff {

using ir::index;

template <typename Rules>
class Walk : public Rules {
 public:
  Walk(const ir::Model& model, const std::vector<TrainedLayer>& trained, const std::string& origin)
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
    const ir::NodeId end = builder_.size();
    result_.forward_end = end;
    begin(builder_.graph().tensors.size());
    for (now_ = end - 1; now_ >= 0; --now_) {
      const ir::Node at = node();
      if (needed_[index(at.output)] && (at.output == result_.loss || has_gradient(at.output)))
        differentiate(at);
      result_.gradient_of.resize(static_cast<std::size_t>(builder_.size() - end), now_);
    }
    std::vector<ir::TensorId> outputs{result_.logits, result_.loss};
    for (const Gradient& gradient : result_.gradients) {
      outputs.push_back(gradient.gradient);
      if (gradient.exponent != ir::none) outputs.push_back(gradient.exponent);
    }
    result_.model.graph = builder_.finish(outputs);
    result_.model.data.resize(result_.model.graph.tensors.size());
    return std::move(result_);
  }

  const ir::Graph& graph() const override { return builder_.graph(); }
  const ir::Node& node() const override { return graph().nodes[index(now_)]; }
  bool wants(std::size_t input) const override { return needed_[index(node().inputs[input])]; }
  const TrainedLayer* trained() const override { return find_trained(now_); }
  ir::TensorId add(const char* op, const std::string& suffix, const std::vector<ir::TensorId>& inputs,
                   const ir::Attributes& attributes) override {
    return builder_.add(op, this->output().name + "." + suffix, inputs, attributes);
  }
  ir::TensorId mask() override {
    if (node().mask != ir::none) return node().mask;
    return builder_.mask(node().output, this->output().name + ".mask");
  }
  void fail(const std::string& message, const std::string& hint) const override {
    throw base::UserError(origin_ + ": " + this->output().name, std::string(node().op->name) + " " + message,
                          hint);
  }

 protected:
  virtual void begin(std::size_t tensors) = 0;  // gradients of so many tensors, none yet
  virtual bool has_gradient(ir::TensorId tensor) const = 0;
  virtual void differentiate(const ir::Node& node) = 0;
  // The loss on the logits, which are the graph's output.
  virtual void check_logits(const ir::Tensor& logits) const = 0;
  virtual ir::TensorId loss_of(ir::TensorId logits, ir::TensorId label) = 0;

  void no_rule() const {
    fail("has no gradient, which training below it needs", "train only what stands behind it");
  }

  std::string origin_;
  ir::Builder builder_;
  TrainingGraph result_;
  ir::NodeId now_ = 0;

 private:
  [[noreturn]] void fail_at(ir::NodeId node, const std::string& message) const {
    throw base::UserError(origin_ + ": " + graph().name_of(graph().nodes[index(node)]), message);
  }

  const TrainedLayer* find_trained(ir::NodeId node) const {
    const auto found = std::find_if(trained_.begin(), trained_.end(),
                                    [&](const TrainedLayer& layer) { return layer.node == node; });
    return found == trained_.end() ? nullptr : &*found;
  }

  void add_loss() {
    result_.image = graph().inputs.front();
    const ir::TensorId out = graph().outputs.front();
    check_logits(graph().tensor(out));
    result_.logits = out;
    if (is_autoencoder(graph())) {
      result_.loss = loss_of(out, target_like(out));
      return;
    }
    result_.label = builder_.input("label", {graph().tensor(out).shape[0]}, ir::DataType::int32);
    result_.loss = loss_of(out, result_.label);
  }

  // The input, in the shape of the output.
  ir::TensorId target_like(ir::TensorId out) {
    const ir::Dims shape = graph().tensor(out).shape;
    const ir::Tensor image = graph().tensor(result_.image);
    if (image.shape == shape) return result_.image;
    const ir::TensorId target = builder_.add("reshape", "target", {result_.image},
                                             {{"shape", ir::Dims(shape.begin() + 1, shape.end())}});
    builder_.store_as(target, image.type, *image.quantization);
    return target;
  }

  // A tensor needs a gradient where something trained lies before it.
  void find_needed() {
    needed_.assign(graph().tensors.size(), false);
    for (ir::NodeId n = 0; n < builder_.size(); ++n) {
      const ir::Node& at = graph().nodes[index(n)];
      needed_[index(at.output)] =
          find_trained(n) != nullptr || std::any_of(at.inputs.begin(), at.inputs.end(),
                                                    [&](ir::TensorId id) { return needed_[index(id)]; });
    }
  }

  std::vector<TrainedLayer> trained_;
  std::vector<bool> needed_;
};

// autodiff/integer_backward.cpp
TrainingGraph with_integer_backward(const ir::Model& model, const std::vector<TrainedLayer>& trained,
                                    const std::string& origin);

}  // namespace frugal::autodiff
