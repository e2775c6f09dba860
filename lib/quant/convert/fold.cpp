#include "quant/convert/fold.h"

#include <cmath>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ir/builder.h"
#include "ir/operator.h"

namespace frugal::quant {
namespace {

using base::UserError;
using ir::index;
using ir::TensorId;
using List = std::vector<std::int64_t>;

bool has_weight(const ir::Node& node) {
  return is(node, "conv") || is(node, "depthwise_conv") || is(node, "fully_connected");
}

void check_numbers(const ir::Model& model, const std::string& origin) {
  for (std::size_t i = 0; i < model.graph.tensors.size(); ++i) {
    const ir::Tensor& tensor = model.graph.tensors[i];
    if (tensor.role == ir::Role::input || tensor.role == ir::Role::value) continue;
    if (tensor.type != ir::DataType::float32)
      throw UserError(origin + ": " + tensor.name,
                      std::string("is ") + ir::name_of(tensor.type) + ": the network is quantised already",
                      "quantize takes a network in float");
    const auto values = model.values<float>(static_cast<TensorId>(i));
    for (std::size_t k = 0; k < values.size(); ++k) {
      if (!std::isfinite(values[k]))
        throw UserError(origin + ": " + tensor.name,
                        "holds " + std::to_string(values[k]) + " at place " + std::to_string(k) +
                            ", which is no finite number",
                        "the training of this network diverged, or its file is damaged");
    }
  }
}

void check_form(const ir::Graph& graph, const std::string& origin) {
  if (graph.inputs.size() != 1 || graph.outputs.size() != 1)
    throw UserError(origin,
                    "has " + std::to_string(graph.inputs.size()) + " inputs and " +
                        std::to_string(graph.outputs.size()) + " outputs",
                    "quantize takes a network of one input and one output");
  const ir::Tensor& input = graph.tensor(graph.inputs.front());
  if (input.type != ir::DataType::float32 && input.type != ir::DataType::int32)
    throw UserError(origin + ": " + input.name,
                    std::string("is ") + ir::name_of(input.type) + ": the network is quantised already",
                    "quantize takes a network in float");
  if (graph.nodes.empty()) throw UserError(origin, "computes nothing");
}

// γ/σ and what is added, of each channel.
struct Affine {
  std::vector<double> factor, add;
};

class Folder {
 public:
  Folder(const ir::Model& model, const std::string& origin)
      : model_(model),
        graph_(model.graph),
        origin_(origin),
        builder_(model.graph.name),
        place_(graph_.tensors.size(), ir::none),
        same_as_(graph_.tensors.size()),
        readers_(graph_.tensors.size(), 0) {
    for (std::size_t i = 0; i < same_as_.size(); ++i) same_as_[i] = static_cast<TensorId>(i);
    for (const ir::Node& node : graph_.nodes) {
      if (is(node, "identity")) same_as_[index(node.output)] = same_as_[index(node.inputs[0])];
    }
    const auto read = [&](TensorId id) { ++readers_[index(same_as_[index(id)])]; };
    for (const ir::Node& node : graph_.nodes) {
      if (is(node, "identity")) continue;
      for (const TensorId id : node.inputs) read(id);
    }
    for (const TensorId id : graph_.outputs) read(id);
  }

  ir::Model run() {
    builder_.at(origin_);
    const ir::Tensor& input = graph_.tensor(graph_.inputs.front());
    place_[index(graph_.inputs.front())] = builder_.input(input.name, input.shape, input.type);
    for (const ir::Node& node : graph_.nodes) {
      if (is(node, "identity")) continue;
      const TensorId y = is(node, "batch_norm") ? normalise(node) : copy(node);
      place_[index(node.output)] = y;
    }
    result_.graph = builder_.finish({placed(graph_.outputs.front())});
    result_.data.resize(result_.graph.tensors.size());
    return std::move(result_);
  }

 private:
  TensorId placed(TensorId id) const { return place_[index(same_as_[index(id)])]; }

  std::vector<TensorId> computed_on(const ir::Node& node) const {
    std::vector<TensorId> inputs;
    for (const TensorId id : ir::call_of(graph_, node).inputs) inputs.push_back(placed(id));
    return inputs;
  }

  void set(TensorId id, const std::vector<float>& values) { result_.set<float>(id, values); }

  // The node as it is, a bias of 0 added where it has none.
  TensorId copy(const ir::Node& node) {
    ir::Attributes attributes = node.attributes;
    if (has_weight(node)) {
      for (auto& [name, value] : attributes) {
        if (name == "bias") value = std::int64_t{1};
      }
    }
    const std::vector<TensorId> inputs = computed_on(node);
    const TensorId y = builder_.add(*node.op, graph_.name_of(node), inputs, attributes);
    const ir::Node made = builder_.graph().nodes.back();
    for (std::size_t i = inputs.size(); i < made.inputs.size(); ++i) {
      if (i < node.inputs.size()) {
        const auto values = model_.values<float>(node.inputs[i]);
        set(made.inputs[i], {values.begin(), values.end()});
      } else {
        set(made.inputs[i], std::vector<float>(static_cast<std::size_t>(builder_.shape(made.inputs[i])[0])));
      }
    }
    return y;
  }

  TensorId normalise(const ir::Node& node) {
    const Affine affine = affine_of(node);
    const TensorId before = same_as_[index(node.inputs[0])], x = placed(before);
    for (const ir::Node& made : builder_.graph().nodes) {
      if (made.output != x || !has_weight(made) || readers_[index(before)] != 1) continue;
      scale(made, affine);
      return x;
    }
    return alone(node, x, affine);
  }

  Affine affine_of(const ir::Node& node) const {
    const auto gamma = model_.values<float>(node.inputs[1]), beta = model_.values<float>(node.inputs[2]);
    const auto mean = model_.values<float>(node.inputs[3]), var = model_.values<float>(node.inputs[4]);
    const double eps = ir::call_of(graph_, node).real("eps");
    Affine affine;
    for (std::size_t c = 0; c < gamma.size(); ++c) {
      const double variance = double{var[c]} + eps;
      if (!(variance > 0))
        throw UserError(origin_ + ": " + graph_.tensor(node.inputs[4]).name,
                        "has the variance " + std::to_string(var[c]) + " at channel " + std::to_string(c) +
                            ", which is not positive");
      affine.factor.push_back(gamma[c] / std::sqrt(variance));
      affine.add.push_back(beta[c] - mean[c] * affine.factor.back());
    }
    return affine;
  }

  // Of a layer of the result: its weights and bias take the factor, its bias what is added.
  void scale(const ir::Node& layer, const Affine& affine) {
    const auto weight = result_.values<float>(layer.inputs[1]), bias = result_.values<float>(layer.inputs[2]);
    const std::size_t each = weight.size() / bias.size();
    for (std::size_t c = 0; c < bias.size(); ++c) {
      for (std::size_t i = 0; i < each; ++i)
        weight[c * each + i] = static_cast<float>(weight[c * each + i] * affine.factor[c]);
      bias[c] = static_cast<float>(bias[c] * affine.factor[c] + affine.add[c]);
    }
  }

  TensorId alone(const ir::Node& node, TensorId x, const Affine& affine) {
    const std::size_t axes = builder_.shape(x).size() < 2 ? 0 : builder_.shape(x).size() - 2;
    if (axes < 1 || axes > 2)
      throw UserError(origin_ + ": " + graph_.name_of(node),
                      "batch_norm over " + ir::to_text(builder_.shape(x)) +
                          " stands right behind no layer that it could be folded into",
                      "supported: right behind a convolution or fully connected layer, or over images and "
                      "sequences");
    const TensorId y = builder_.add("depthwise_conv", graph_.name_of(node), {x},
                                    {{"kernel", List(axes, 1)},
                                     {"stride", List(axes, 1)},
                                     {"padding", List(2 * axes, 0)},
                                     {"dilation", List(axes, 1)},
                                     {"bias", std::int64_t{1}}});
    const ir::Node made = builder_.graph().nodes.back();
    set(made.inputs[1], {affine.factor.begin(), affine.factor.end()});
    set(made.inputs[2], {affine.add.begin(), affine.add.end()});
    return y;
  }

  const ir::Model& model_;
  const ir::Graph& graph_;
  const std::string& origin_;
  ir::Builder builder_;
  ir::Model result_;
  std::vector<TensorId> place_;    // of each old tensor in the result
  std::vector<TensorId> same_as_;  // what an identity gives is what it takes
  std::vector<std::int64_t> readers_;
};

}  // namespace

ir::Model fold(const ir::Model& model, const std::string& origin) {
  check_form(model.graph, origin);
  check_numbers(model, origin);
  ir::Model folded = Folder(model, origin).run();
  check_numbers(folded, origin);
  return folded;
}

}  // namespace frugal::quant
