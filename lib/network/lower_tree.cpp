// From trees to operators, named as the tensors of the ProxylessNAS program are; the place of an error is the
// name with slashes.
#include <fmt/format.h>

#include "ir/count.h"
#include "network/lowering.h"
#include "network/tree.h"

namespace frugal::network {
namespace {

class TreeWalk {
 public:
  explicit TreeWalk(Lowering& lowering) : lowering_(lowering), graph_(lowering.graph) {}

  ir::TensorId block(const TreeBlock& block, ir::TensorId x, const std::string& name) {
    if (!block.cell) {
      for (std::size_t i = 0; i < block.layers.size(); ++i) {
        x = layer(block.layers[i], x, fmt::format("{}.layers.{}", name, i));
      }
      return x;
    }
    ir::TensorId skipped = layer(*block.shortcut, x, name + ".shortcut");
    if (block.in_bottle) x = layer(*block.in_bottle, x, name + ".in_bottle");
    x = node(*block.cell, x, name + ".cell");
    if (block.out_bottle) x = layer(*block.out_bottle, x, name + ".out_bottle");
    if (block.final_bn) x = lowering_.batch_norm(x, name + ".final_bn");
    lowering_.at(name);
    const Shape from = lowering_.shape(skipped), to = lowering_.shape(x);
    if (from.height != to.height || from.width != to.width || from.channels > to.channels) {
      graph_.fail("its shortcut does not fit what it adds to");
    }
    if (from.channels < to.channels) {  // missing channels are zero
      skipped =
          graph_.add("pad", name + ".shortcut.padded", {skipped}, {{"after", to.channels - from.channels}});
    }
    return graph_.add("add", name, {x, skipped});
  }

 private:
  // "bn_act_weight", or "weight_bn_act".
  ir::TensorId layer(const TreeLayer& layer, ir::TensorId x, const std::string& name) {
    lowering_.at(name);
    need(x, layer.in_channels);
    if (!layer.bn_first) x = weight(layer, x, name);
    if (layer.use_bn) x = lowering_.batch_norm(x, name + ".bn");
    x = lowering_.activate(x, layer.activation, name + ".act");
    return layer.bn_first ? weight(layer, x, name) : x;
  }

  ir::TensorId weight(const TreeLayer& layer, ir::TensorId x, const std::string& name) {
    // Pools keep the size at stride 1 and have no padding otherwise.
    const std::int64_t same = layer.dilation * (layer.kernel_size / 2);
    const std::int64_t padding = layer.is_pool() && layer.stride > 1 ? 0 : same;
    ir::Attributes window = square_window(layer.kernel_size, layer.stride, padding, layer.dilation);
    switch (layer.kind) {
      case TreeLayer::Kind::conv:
        return shuffled(layer, convolution(layer, x, name + ".conv", window, layer.out_channels), name);
      case TreeLayer::Kind::depth_conv:
        x = graph_.add("depthwise_conv", name + ".depth_conv", {x}, window);
        return shuffled(
            layer, convolution(layer, x, name + ".point_conv", square_window(1, 1, 0, 1), layer.out_channels),
            name);
      case TreeLayer::Kind::max_pool:
      case TreeLayer::Kind::average_pool:
        keep_channels(layer);
        return graph_.add(layer.kind == TreeLayer::Kind::max_pool ? "max_pool" : "average_pool",
                          name + ".pool", {x}, window);
      case TreeLayer::Kind::identity:
        keep_channels(layer);
    }
    return x;
  }

  ir::TensorId convolution(const TreeLayer& layer, ir::TensorId x, const std::string& name,
                           ir::Attributes window, std::int64_t out) {
    window.emplace_back("out_channels", out);
    window.emplace_back("groups", layer.groups);
    window.emplace_back("bias", std::int64_t{layer.bias});
    return graph_.add("conv", name, {x}, window);
  }

  ir::TensorId shuffled(const TreeLayer& layer, ir::TensorId x, const std::string& name) {
    if (!layer.shuffle || layer.groups == 1) return x;
    return graph_.add("channel_shuffle", name + ".shuffle", {x}, {{"groups", layer.groups}});
  }

  void keep_channels(const TreeLayer& layer) const {
    if (layer.in_channels != layer.out_channels) {
      graph_.fail(
          fmt::format("keeps its channels, but goes from {} to {}", layer.in_channels, layer.out_channels));
    }
  }

  ir::TensorId node(const TreeNode& node, ir::TensorId x, const std::string& name) {
    lowering_.at(name);
    need(x, node.in_channels);
    const auto inputs = node.branch_inputs(), outputs = node.branch_outputs();
    std::vector<ir::TensorId> results;
    std::int64_t from = 0;
    for (std::size_t i = 0; i < node.edges.size(); ++i) {
      const std::string edge_name = fmt::format("{}.edges.{}", name, i);
      ir::TensorId part = x;
      if (node.split == TreeNode::Split::split) {
        part = graph_.add("slice", edge_name + ".in", {x}, {{"begin", from}, {"end", from + inputs[i]}});
      }
      from += inputs[i];
      const ir::TensorId after_edge = layer(node.edges[i], part, edge_name);
      ir::TensorId y = after_edge;
      if (node.children[i]) y = this->node(*node.children[i], y, fmt::format("{}.child_nodes.{}", name, i));
      lowering_.at(edge_name);
      need(y, outputs[i]);
      if (node.branch_bn) {
        y = graph_.add("add", edge_name + ".sum",
                       {lowering_.batch_norm(y, fmt::format("{}.branch_bns.{}", name, i)), after_edge});
      }
      if (!results.empty()) {
        const Shape before = lowering_.shape(results.front()), now = lowering_.shape(y);
        if (before.height != now.height || before.width != now.width) {
          graph_.fail("gives another size than the branch before it");
        }
      }
      results.push_back(y);
    }
    lowering_.at(name);
    if (node.merge == TreeNode::Merge::concat) return graph_.add("concatenate", name + ".merged", results);
    ir::TensorId sum = results.front();
    for (std::size_t i = 1; i < results.size(); ++i) {
      sum = graph_.add("add", fmt::format("{}.merged.{}", name, i), {sum, results[i]});
    }
    return sum;
  }

  void need(ir::TensorId x, std::int64_t wants) const {
    const std::int64_t has = graph_.shape(x)[1];
    if (has != wants) graph_.fail(fmt::format("needs {} channels, but {} come or go there", wants, has));
  }

  Lowering& lowering_;
  ir::Builder& graph_;
};

}  // namespace

std::shared_ptr<const ir::Graph> lower(const TreeNetwork& network, std::int64_t resolution,
                                       const std::string& origin) {
  const std::int64_t size = resolution > 0 ? resolution : network.resolution;
  Lowering lowering(network.name, network.bn, origin);
  ir::TensorId x = lowering.graph.input("input", {1, network.input_channels(), size, size});
  TreeWalk walk(lowering);
  for (std::size_t i = 0; i < network.blocks.size(); ++i) {
    x = walk.block(network.blocks[i], x, fmt::format("blocks.{}", i));
  }
  x = lowering.graph.add("flatten", "features", {x});
  return std::make_shared<const ir::Graph>(lowering.graph.finish({lowering.classify(x, network.classifier)}));
}

std::int64_t parameter_count(const TreeNetwork& network) {
  const auto graph = lower(network);
  return ir::parameter_count(*graph, ir::whole(*graph));
}

std::int64_t mac_count(const TreeNetwork& network) {
  const auto graph = lower(network);
  return ir::mac_count(*graph, ir::whole(*graph));
}

}  // namespace frugal::network
