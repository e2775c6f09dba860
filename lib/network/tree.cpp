// The PyramidTreeNet JSON, read.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "network/json_fields.h"
#include "network/tree.h"

namespace frugal::network {
namespace {

using Node = config::JsonNode;

TreeLayer read_layer(const Node& node) {
  TreeLayer layer;
  const std::string name = node["name"].text();
  if (name == "ConvLayer") {
    layer.kind = TreeLayer::Kind::conv;
  } else if (name == "DepthConvLayer") {
    layer.kind = TreeLayer::Kind::depth_conv;
  } else if (name == "PoolingLayer") {
    const std::string pool = node["pool_type"].one_of({"max", "avg"});
    layer.kind = pool == "max" ? TreeLayer::Kind::max_pool : TreeLayer::Kind::average_pool;
  } else if (name != "IdentityLayer") {
    node.fail_at("name", fmt::format("unknown layer '{}'", name),
                 base::suggest(name, {"ConvLayer", "DepthConvLayer", "PoolingLayer", "IdentityLayer"}));
  }
  layer.in_channels = node["in_channels"].integer(extent());
  layer.out_channels = node["out_channels"].integer(extent());
  if (layer.kind != TreeLayer::Kind::identity) {
    // Pools of a transition have even kernels.
    layer.kernel_size = layer.is_pool() ? node["kernel_size"].integer(extent()) : odd_kernel(node);
    layer.stride = node.integer_or("stride", 1, extent());
    layer.dilation = node.integer_or("dilation", 1, extent());
    layer.groups = node.integer_or("groups", 1, extent());
    layer.bias = node.flag_or("bias", false);
    layer.shuffle = node.flag_or("has_shuffle", false);
    if (layer.in_channels % layer.groups != 0 || layer.out_channels % layer.groups != 0) {
      node.fail_at("groups", fmt::format("{} groups do not divide its channels", layer.groups));
    }
  }
  layer.use_bn = node.flag_or("use_bn", false);
  layer.activation = activation_or(node, "act_func", Activation::none);
  if (const auto order = node.find("ops_order")) {
    layer.bn_first = order->one_of({"bn_act_weight", "weight_bn_act"}) == "bn_act_weight";
  }
  if (node.number_or("dropout_rate", 0, config::between(0, 0.999)) > 0) {
    node.fail_at("dropout_rate", "dropout inside a tree is not supported");
  }
  node.finish();
  return layer;
}

std::optional<TreeLayer> layer_if(const Node& node, const char* key) {
  const auto found = node.find(key);
  if (!found) return std::nullopt;
  return read_layer(*found);
}

TreeNode read_node(const Node& node) {
  if (node.has("name") && node["name"].text() != "TreeNode") {
    node.fail_at("name", "must be a TreeNode");
  }
  TreeNode tree;
  tree.in_channels = node["in_channels"].integer(extent());
  tree.out_channels = node["out_channels"].integer(extent());
  const std::string split = node.text_or("split_type", "none"), merge = node.text_or("merge_type", "none");
  if (split != "none" && split != "copy" && split != "split") {
    node.fail_at("split_type", fmt::format("unknown split '{}'", split), "copy, split or null");
  }
  if (merge != "none" && merge != "add" && merge != "concat") {
    node.fail_at("merge_type", fmt::format("unknown merge '{}'", merge), "add, concat or null");
  }
  tree.split = split == "copy"    ? TreeNode::Split::copy
               : split == "split" ? TreeNode::Split::split
                                  : TreeNode::Split::none;
  tree.merge = merge == "add"      ? TreeNode::Merge::add
               : merge == "concat" ? TreeNode::Merge::concat
                                   : TreeNode::Merge::none;
  tree.branch_bn = node.flag_or("has_branch_bn", false);
  if (node.number_or("path_drop_rate", 0, config::between(0, 1)) > 0) {
    node.fail_at("path_drop_rate", "dropped paths are not supported");
  }
  const auto edges = node["edges"].elements(), children = node["child_nodes"].elements();
  if (edges.empty() || edges.size() != children.size()) {
    node.fail(
        fmt::format("has {} edges and {} child nodes; one of each a branch", edges.size(), children.size()));
  }
  if (edges.size() > 1 && (split == "none" || merge == "none")) {
    node.fail("several branches need a split_type and a merge_type");
  }
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (edges[i].is_null()) edges[i].fail("is null", "an IdentityLayer does nothing");
    tree.edges.push_back(read_layer(edges[i]));
    tree.children.push_back(children[i].is_null() ? std::nullopt : std::optional(read_node(children[i])));
  }
  node.finish();
  return tree;
}

TreeBlock read_block(const Node& node) {
  TreeBlock block;
  const std::string name = node["name"].text();
  if (name == "TransitionBlock") {
    for (const Node& layer : node["layers"].elements()) block.layers.push_back(read_layer(layer));
    if (block.layers.empty()) node.fail_at("layers", "has no layer");
  } else if (name == "ResidualTreeBlock") {
    block.cell = read_node(node["cell"]);
    block.in_bottle = layer_if(node, "in_bottle");
    block.out_bottle = layer_if(node, "out_bottle");
    block.shortcut = read_layer(node["shortcut"]);
    block.final_bn = node.flag_or("final_bn", true);
    if (node.number_or("cell_drop_rate", 0, config::between(0, 1)) > 0) {
      node.fail_at("cell_drop_rate", "dropped cells are not supported");
    }
  } else {
    node.fail_at("name", fmt::format("unknown block '{}'", name),
                 base::suggest(name, {"TransitionBlock", "ResidualTreeBlock"}));
  }
  node.finish();
  return block;
}

// As equal as can be; the first ones get what is left over.
std::vector<std::int64_t> shared_out(std::int64_t channels, std::size_t branches) {
  const auto count = static_cast<std::int64_t>(branches);
  std::vector<std::int64_t> parts(branches, channels / count);
  for (std::int64_t i = 0; i < channels % count; ++i) ++parts[static_cast<std::size_t>(i)];
  return parts;
}

}  // namespace

std::vector<std::int64_t> TreeNode::branch_inputs() const {
  if (split == Split::split) return shared_out(in_channels, edges.size());
  return std::vector<std::int64_t>(edges.size(), in_channels);
}

std::vector<std::int64_t> TreeNode::branch_outputs() const {
  if (merge == Merge::concat) return shared_out(out_channels, edges.size());
  return std::vector<std::int64_t>(edges.size(), out_channels);
}

std::int64_t TreeBlock::out_channels() const {
  if (!cell) return layers.back().out_channels;
  return out_bottle ? out_bottle->out_channels : cell->out_channels;
}

bool is_tree_network(const nlohmann::json& json) {
  return json.is_object() && json.contains("name") && json["name"] == "PyramidTreeNet";
}

TreeNetwork read_tree_network(const nlohmann::json& json, const std::string& origin) {
  const Node node(json, origin);
  TreeNetwork network;
  network.name = node["name"].text();
  if (const auto bn = node.find("bn")) {
    network.bn.momentum = bn->number_or("momentum", 0.1, config::between(0, 1));
    network.bn.eps = bn->number_or("eps", 1e-5, config::between(0, 1));
  }
  for (const Node& block : node["blocks"].elements()) network.blocks.push_back(read_block(block));
  if (network.blocks.empty() || network.blocks.front().cell) {
    node.fail_at("blocks", "must begin with a TransitionBlock");
  }
  // Their program lets this object overrule the root of every cell's tree.
  if (const auto overruled = node.find("tree_node_config")) {
    for (TreeBlock& block : network.blocks) {
      if (!block.cell || !block.cell->children.front()) continue;
      TreeNode& root = *block.cell->children.front();
      root.branch_bn = overruled->flag_or("has_branch_bn", root.branch_bn);
    }
  }
  const Node classifier = node["classifier"];
  network.classifier.in_features = classifier["in_features"].integer(extent());
  network.classifier.out_features = classifier["out_features"].integer(extent());
  network.classifier.bias = classifier.flag_or("bias", true);
  network.resolution = node.integer_or("resolution", 32, extent());
  lower(network, 0, origin);  // refuses what does not fit together
  return network;
}

}  // namespace frugal::network
