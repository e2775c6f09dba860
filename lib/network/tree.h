// The networks of ProxylessNAS's CIFAR-10 space: a PyramidNet whose blocks hold trees (Cai, Yang, Zhang, Han,
// Yu 2018, "Path-level network transformation"; ProxylessNAS, section 4.1). As plain data: the
// `PyramidTreeNet` net.config JSON of the ProxylessNAS project, read, with its parameters and MACs.
//
// A node of a tree gives its input to its edges (all of it, or split over the channels), each edge's output
// to its child node where there is one, and adds or concatenates what comes back. Layers run in the order
// batch norm, activation, weight ("bn_act_weight"). A block adds its shortcut, whose missing channels are
// zero.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "network/network.h"

namespace frugal::network {

struct TreeLayer {
  enum class Kind { conv, depth_conv, max_pool, average_pool, identity };
  Kind kind = Kind::identity;
  std::int64_t in_channels = 0, out_channels = 0;
  std::int64_t kernel_size = 1, stride = 1, dilation = 1, groups = 1;
  bool bias = false, shuffle = false, use_bn = false;
  bool bn_first = true;  // "bn_act_weight"; else "weight_bn_act"
  Activation activation = Activation::none;

  bool is_pool() const { return kind == Kind::max_pool || kind == Kind::average_pool; }
};

struct TreeNode {
  enum class Split { none, copy, split };
  enum class Merge { none, add, concat };
  std::int64_t in_channels = 0, out_channels = 0;
  Split split = Split::none;
  Merge merge = Merge::none;
  bool branch_bn = false;  // batch norm on each branch, and what went into the child is added
  std::vector<TreeLayer> edges;
  std::vector<std::optional<TreeNode>> children;  // one an edge

  std::vector<std::int64_t> branch_inputs() const;  // channels of each branch
  std::vector<std::int64_t> branch_outputs() const;
};

struct TreeBlock {
  std::vector<TreeLayer> layers;  // a transition: these alone, one after the other
  std::optional<TreeNode> cell;   // else: in_bottle, cell, out_bottle, batch norm, shortcut
  std::optional<TreeLayer> in_bottle, out_bottle, shortcut;
  bool final_bn = false;

  std::int64_t out_channels() const;
};

struct TreeNetwork {
  std::string name = "PyramidTreeNet";
  BatchNorm bn{0.1, 1e-5};  // torch's own, which the project's file leaves as they are
  std::vector<TreeBlock> blocks;
  LinearLayer classifier;
  std::int64_t resolution = 32;

  std::int64_t input_channels() const { return blocks.front().layers.front().in_channels; }
  std::int64_t classes() const { return classifier.out_features; }
};

// Its graph, at the network's own resolution or at the one given. Throws UserError at the place in `origin`
// where layers do not fit together. Counts are those of the graph (ir/count.h).
std::shared_ptr<const ir::Graph> lower(const TreeNetwork& network, std::int64_t resolution = 0,
                                       const std::string& origin = "");
std::int64_t parameter_count(const TreeNetwork& network);
std::int64_t mac_count(const TreeNetwork& network);  // of one image

bool is_tree_network(const nlohmann::json& json);  // by its "name"
TreeNetwork read_tree_network(const nlohmann::json& json, const std::string& origin);

}  // namespace frugal::network
