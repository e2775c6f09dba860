#include "autodiff/backward.h"

#include "autodiff/walk.h"

namespace frugal::autodiff {
namespace {

using ir::TensorId;

class FloatWalk : public Walk<Backward> {
 public:
  using Walk::Walk;

  TensorId gradient() const override { return gradients_[index(node().output)]; }

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
    result_.gradients.push_back({parameter, gradient, now_, channels, ir::none, {}});
  }
  TensorId constant(const std::string& suffix, const std::vector<float>& values) override {
    const TensorId id =
        builder_.constant(output().name + "." + suffix, {static_cast<std::int64_t>(values.size())});
    result_.model.set<float>(id, values);
    return id;
  }

 private:
  void begin(std::size_t tensors) override { gradients_.assign(tensors, ir::none); }
  bool has_gradient(TensorId tensor) const override { return gradients_[index(tensor)] != ir::none; }
  void differentiate(const ir::Node& at) override {
    const Rule rule = find_rule(at.op->name);
    if (rule == nullptr) no_rule();
    rule(*this);
  }
  void check_logits(const ir::Tensor& logits) const override {
    if (!is_autoencoder(graph()) && (logits.type != ir::DataType::float32 || logits.shape.size() != 2))
      throw base::UserError(origin_ + ": " + logits.name, "is no logits [1, classes] in f32",
                            "the head is trained in float: give the network a new one");
  }
  TensorId loss_of(TensorId logits, TensorId label) override {
    if (is_autoencoder(graph())) return builder_.add("mean_squared_error", "loss", {logits, label});
    return builder_.add("cross_entropy", "loss", {logits, label});
  }

  std::vector<TensorId> gradients_;  // of each forward tensor
};

}  // namespace

TrainingGraph with_backward(const ir::Model& model, const std::vector<TrainedLayer>& trained,
                            const std::string& origin) {
  const ir::Graph& graph = model.graph;
  if (graph.tensor(graph.outputs.front()).type == ir::DataType::int32)
    return with_integer_backward(model, trained, origin);
  return FloatWalk(model, trained, origin).run();
}

bool is_autoencoder(const ir::Graph& graph) {
  const ir::Tensor &in = graph.tensor(graph.inputs.front()), &out = graph.tensor(graph.outputs.front());
  return in.type == ir::DataType::int8 && out.type == ir::DataType::int8 &&
         ir::elements(in.shape) == ir::elements(out.shape);
}

std::vector<ir::NodeId> layers_with_weights(const ir::Graph& graph) {
  std::vector<ir::NodeId> layers;
  for (ir::NodeId n = 0; n < static_cast<ir::NodeId>(graph.nodes.size()); ++n) {
    if (ir::weight_of(graph, graph.nodes[index(n)]) != ir::none) layers.push_back(n);
  }
  return layers;
}

}  // namespace frugal::autodiff
