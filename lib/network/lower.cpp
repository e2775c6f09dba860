#include "network/lower.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/count.h"
#include "network/lowering.h"

namespace frugal::network {
namespace {

ir::Dims dims_of(const Shape& shape) { return {1, shape.channels, shape.height, shape.width}; }

ir::TensorId lower_block(Lowering& lowering, ir::TensorId x, const Block& block, const std::string& name) {
  const std::string layer_name = name + ".mobile_inverted_conv";
  lowering.at(name);
  const ir::TensorId y = block.layer->lower(lowering, x, layer_name);
  if (!block.adds_shortcut()) return y;
  lowering.at(name);
  const Shape before = lowering.shape(x), after = lowering.shape(y);
  if (before != after) {
    lowering.graph.fail(fmt::format("has a shortcut from {} to {}", to_text(before), to_text(after)),
                        "a shortcut needs stride 1 and as many channels out as in");
  }
  return lowering.graph.add("add", layer_name + ".sum", {y, x});
}

// Lowers parts one after the other, and notes where each stands in the graph.
class Walk {
 public:
  Walk(Lowering& lowering, ir::TensorId x) : lowering_(lowering), x_(x) {}

  void run(Part part) {
    part.in = lowering_.shape(x_);
    part.first_node = lowering_.graph.size();
    x_ = lower_part(part);
    part.end_node = lowering_.graph.size();
    part.out = lowering_.shape(x_);
    parts_.push_back(std::move(part));
  }

  void conv(Part::Kind kind, const char* name, const ConvLayer& layer) {
    Part part;
    part.kind = kind;
    part.name = name;
    part.block.set(layer);
    run(std::move(part));
  }

  Lowered finish() {
    return {std::make_shared<const ir::Graph>(lowering_.graph.finish({x_})), std::move(parts_)};
  }

 private:
  ir::TensorId lower_part(const Part& part) {
    ir::Builder& graph = lowering_.graph;
    switch (part.kind) {
      case Part::Kind::block:
        return lower_block(lowering_, x_, part.block, part.name);
      case Part::Kind::pool:
        return graph.add("global_average_pool", "pool", {x_});
      case Part::Kind::head: {
        const ir::TensorId pooled = graph.add("global_average_pool", "final_pool", {x_});
        return lowering_.classify(graph.add("flatten", "features", {pooled}), part.linear);
      }
      default:
        return part.block.layer->lower(lowering_, x_, part.name);
    }
  }

  Lowering& lowering_;
  ir::TensorId x_;
  std::vector<Part> parts_;
};

}  // namespace

void Lowering::at(const std::string& layer) {
  std::string pointer = "/" + layer;
  std::replace(pointer.begin(), pointer.end(), '.', '/');
  graph.at((origin_.empty() ? "network" : origin_) + ":" + pointer);
}

void Lowering::need_channels(ir::TensorId x, std::int64_t channels) const {
  if (graph.shape(x)[1] != channels) {
    graph.fail(fmt::format("takes {} channels, but what comes before gives {}", channels, graph.shape(x)[1]));
  }
}

ir::TensorId Lowering::batch_norm(ir::TensorId x, const std::string& name) {
  return graph.add("batch_norm", name, {x}, {{"eps", bn_.eps}, {"momentum", bn_.momentum}});
}

ir::TensorId Lowering::activate(ir::TensorId x, Activation activation, const std::string& name) {
  return activation == Activation::none ? x : graph.add(name_of(activation), name, {x});
}

ir::TensorId Lowering::classify(ir::TensorId x, const LinearLayer& layer) {
  at("classifier");
  if (graph.shape(x)[1] != layer.in_features) {
    graph.fail(fmt::format("takes {} features, but what comes before gives {}", layer.in_features,
                           graph.shape(x)[1]));
  }
  return graph.add("fully_connected", "classifier.linear", {x},
                   {{"out_features", layer.out_features}, {"bias", std::int64_t{layer.bias}}});
}

Shape Lowering::shape(ir::TensorId x) const {
  const ir::Dims& dims = graph.shape(x);
  const auto size = [&](std::size_t axis) { return axis < dims.size() ? dims[axis] : 1; };
  return {size(1), size(2), size(3)};
}

ir::Attributes square_window(std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                             std::int64_t dilation) {
  using List = std::vector<std::int64_t>;
  return {{"kernel", List{kernel, kernel}},
          {"stride", List{stride, stride}},
          {"padding", List(4, padding)},
          {"dilation", List{dilation, dilation}}};
}

Lowered lower(const NetworkConfig& network, std::int64_t resolution, const std::string& origin) {
  const std::int64_t size = resolution > 0 ? resolution : network.resolution;
  Lowering lowering(network.name, network.bn, origin);
  Walk walk(lowering, lowering.graph.input("input", {1, network.input_channels(), size, size}));
  walk.conv(Part::Kind::first_conv, "first_conv", network.first_conv);
  for (std::size_t i = 0; i < network.blocks.size(); ++i) {
    Part part;
    part.name = fmt::format("blocks.{}", i);
    part.block = network.blocks[i];
    walk.run(std::move(part));
  }
  if (network.final_expand_layer) {
    walk.conv(Part::Kind::final_expand, "final_expand_layer", *network.final_expand_layer);
  }
  if (network.mixes_after_pool()) {
    Part pool;
    pool.kind = Part::Kind::pool;
    pool.name = "pool";
    walk.run(std::move(pool));
  }
  if (network.feature_mix_layer) {
    walk.conv(Part::Kind::feature_mix, "feature_mix_layer", *network.feature_mix_layer);
  }
  Part head;
  head.kind = Part::Kind::head;
  head.name = "classifier";
  head.linear = network.classifier;
  walk.run(std::move(head));
  return walk.finish();
}

Lowered lower(const Part& part, const std::string& origin) {
  Lowering lowering(part.name, BatchNorm(), origin);
  Walk walk(lowering, lowering.graph.input("input", dims_of(part.in)));
  walk.run(part);
  return walk.finish();
}

std::int64_t parameter_count(const NetworkConfig& network) {
  const Lowered lowered = lower(network);
  return ir::parameter_count(*lowered.graph, ir::whole(*lowered.graph));
}

std::int64_t mac_count(const NetworkConfig& network, std::int64_t resolution) {
  const Lowered lowered = lower(network, resolution);
  return ir::mac_count(*lowered.graph, ir::whole(*lowered.graph));
}

}  // namespace frugal::network
