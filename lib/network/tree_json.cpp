// The PyramidTreeNet JSON, read.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "network/json_node.h"
#include "network/tree.h"

namespace frugal::network {
namespace {

using Json = nlohmann::json;
using Node = JsonNode;

TreeLayer read_layer(const Node& node) {
  TreeLayer layer;
  const std::string name = node.text("name");
  if (name == "ConvLayer") {
    layer.kind = TreeLayer::Kind::conv;
  } else if (name == "DepthConvLayer") {
    layer.kind = TreeLayer::Kind::depth_conv;
  } else if (name == "PoolingLayer") {
    const std::string pool = node.text("pool_type");
    if (pool != "max" && pool != "avg") {
      node.fail(fmt::format("unknown pool '{}'", pool), base::suggest(pool, {"max", "avg"}), "pool_type");
    }
    layer.kind = pool == "max" ? TreeLayer::Kind::max_pool : TreeLayer::Kind::average_pool;
  } else if (name != "IdentityLayer") {
    node.fail(fmt::format("unknown layer '{}'", name),
              base::suggest(name, {"ConvLayer", "DepthConvLayer", "PoolingLayer", "IdentityLayer"}), "name");
  }
  layer.in_channels = node.integer("in_channels");
  layer.out_channels = node.integer("out_channels");
  if (layer.kind != TreeLayer::Kind::identity) {
    // Pools of a transition have even kernels.
    layer.kernel_size = layer.is_pool() ? node.integer("kernel_size") : node.odd_kernel();
    layer.stride = node.integer_or("stride", 1);
    layer.dilation = node.integer_or("dilation", 1);
    layer.groups = node.integer_or("groups", 1);
    layer.bias = node.flag_or("bias", false);
    layer.shuffle = node.flag_or("has_shuffle", false);
    if (layer.in_channels % layer.groups != 0 || layer.out_channels % layer.groups != 0) {
      node.fail(fmt::format("{} groups do not divide its channels", layer.groups), "", "groups");
    }
  }
  layer.use_bn = node.flag_or("use_bn", false);
  layer.activation = node.activation_or("act_func", Activation::none);
  if (const Json* order = node.find("ops_order"); order != nullptr) {
    if (*order != "bn_act_weight" && *order != "weight_bn_act") {
      node.fail("must be bn_act_weight or weight_bn_act, got " + order->dump(), "", "ops_order");
    }
    layer.bn_first = *order == "bn_act_weight";
  }
  if (node.number_or("dropout_rate", 0, 0, 0.999) > 0) {
    node.fail("dropout inside a tree is not supported", "", "dropout_rate");
  }
  node.finish();
  return layer;
}

std::optional<TreeLayer> layer_if(const Node& node, const char* key) {
  const auto found = node.child_if(key);
  if (!found) return std::nullopt;
  return read_layer(*found);
}

std::string text_or_none(const Node& node, const char* key) {
  return node.find(key) == nullptr ? "none" : node.text(key);
}

TreeNode read_node(const Node& node) {
  if (node.find("name") != nullptr && node.text("name") != "TreeNode") {
    node.fail("must be a TreeNode", "", "name");
  }
  TreeNode tree;
  tree.in_channels = node.integer("in_channels");
  tree.out_channels = node.integer("out_channels");
  const std::string split = text_or_none(node, "split_type"), merge = text_or_none(node, "merge_type");
  if (split != "none" && split != "copy" && split != "split") {
    node.fail(fmt::format("unknown split '{}'", split), "copy, split or null", "split_type");
  }
  if (merge != "none" && merge != "add" && merge != "concat") {
    node.fail(fmt::format("unknown merge '{}'", merge), "add, concat or null", "merge_type");
  }
  tree.split = split == "copy"    ? TreeNode::Split::copy
               : split == "split" ? TreeNode::Split::split
                                  : TreeNode::Split::none;
  tree.merge = merge == "add"      ? TreeNode::Merge::add
               : merge == "concat" ? TreeNode::Merge::concat
                                   : TreeNode::Merge::none;
  tree.branch_bn = node.flag_or("has_branch_bn", false);
  if (node.number_or("path_drop_rate", 0, 0, 1) > 0) {
    node.fail("dropped paths are not supported", "", "path_drop_rate");
  }
  const auto edges = node.children("edges"), children = node.children("child_nodes");
  if (edges.empty() || edges.size() != children.size()) {
    node.fail(
        fmt::format("has {} edges and {} child nodes; one of each a branch", edges.size(), children.size()));
  }
  if (edges.size() > 1 && (split == "none" || merge == "none")) {
    node.fail("several branches need a split_type and a merge_type");
  }
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (!edges[i]) node.fail(fmt::format("edge {} is null", i), "an IdentityLayer does nothing", "edges");
    tree.edges.push_back(read_layer(*edges[i]));
    tree.children.push_back(children[i] ? std::optional<TreeNode>(read_node(*children[i])) : std::nullopt);
  }
  node.finish();
  return tree;
}

TreeBlock read_block(const Node& node) {
  TreeBlock block;
  const std::string name = node.text("name");
  if (name == "TransitionBlock") {
    for (const auto& layer : node.children("layers")) {
      if (!layer) node.fail("has a null layer", "", "layers");
      block.layers.push_back(read_layer(*layer));
    }
    if (block.layers.empty()) node.fail("has no layer", "", "layers");
  } else if (name == "ResidualTreeBlock") {
    block.cell = read_node(node.child("cell"));
    block.in_bottle = layer_if(node, "in_bottle");
    block.out_bottle = layer_if(node, "out_bottle");
    block.shortcut = read_layer(node.child("shortcut"));
    block.final_bn = node.flag_or("final_bn", true);
    if (node.number_or("cell_drop_rate", 0, 0, 1) > 0) {
      node.fail("dropped cells are not supported", "", "cell_drop_rate");
    }
  } else {
    node.fail(fmt::format("unknown block '{}'", name),
              base::suggest(name, {"TransitionBlock", "ResidualTreeBlock"}), "name");
  }
  node.finish();
  return block;
}

}  // namespace

bool is_tree_network(const Json& json) {
  return json.is_object() && json.value("name", "") == "PyramidTreeNet";
}

TreeNetwork read_tree_network(const Json& json, const std::string& origin) {
  const Node node(json, "", origin);
  TreeNetwork network;
  network.name = node.text("name");
  if (const auto bn = node.child_if("bn")) {
    network.bn.momentum = bn->number_or("momentum", 0.1, 0, 1);
    network.bn.eps = bn->number_or("eps", 1e-5, 0, 1);
  }
  for (const auto& block : node.children("blocks")) {
    if (!block) node.fail("has a null block", "", "blocks");
    network.blocks.push_back(read_block(*block));
  }
  if (network.blocks.empty() || network.blocks.front().cell) {
    node.fail("must begin with a TransitionBlock", "", "blocks");
  }
  // Their program lets this object overrule the root of every cell's tree.
  if (const auto overruled = node.child_if("tree_node_config")) {
    for (TreeBlock& block : network.blocks) {
      if (!block.cell || !block.cell->children.front()) continue;
      TreeNode& root = *block.cell->children.front();
      root.branch_bn = overruled->flag_or("has_branch_bn", root.branch_bn);
    }
  }
  const Node classifier = node.child("classifier");
  network.classifier.in_features = classifier.integer("in_features");
  network.classifier.out_features = classifier.integer("out_features");
  network.classifier.bias = classifier.flag_or("bias", true);
  network.resolution = node.integer_or("resolution", 32);
  counts(network, 0, origin);  // refuses what does not fit together
  return network;
}

}  // namespace frugal::network
