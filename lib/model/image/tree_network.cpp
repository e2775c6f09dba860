#include "model/image/tree_network.h"

#include <torch/torch.h>

#include "model/image/layer_unit.h"
#include "model/image/network.h"

namespace frugal::model {

using network::Activation;
using network::BatchNorm;
using network::TreeBlock;
using network::TreeLayer;
using network::TreeNetwork;
using network::TreeNode;

namespace {

namespace nn = torch::nn;
using torch::Tensor;
using Forward = std::function<Tensor(Tensor)>;

std::shared_ptr<Group> group(nn::Module& parent, const std::string& name) {
  return parent.register_module(name, std::make_shared<Group>());
}

nn::BatchNorm2d norm(nn::Module& parent, const std::string& name, std::int64_t channels,
                     const BatchNorm& bn) {
  return parent.register_module(
      name, nn::BatchNorm2d(nn::BatchNorm2dOptions(channels).momentum(bn.momentum).eps(bn.eps)));
}

Tensor shuffled(const Tensor& x, std::int64_t groups) {
  const auto size = x.sizes().vec();
  return x.reshape({size[0], groups, size[1] / groups, size[2], size[3]})
      .transpose(1, 2)
      .reshape({size[0], size[1], size[2], size[3]});
}

// With the layer's kernel, stride and dilation, and "same" padding.
nn::Conv2d spatial(const TreeLayer& layer, std::int64_t in, std::int64_t out, std::int64_t groups,
                   bool bias) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, layer.kernel_size)
                        .stride(layer.stride)
                        .padding(layer.dilation * (layer.kernel_size / 2))
                        .dilation(layer.dilation)
                        .groups(groups)
                        .bias(bias));
}

Forward weight_of(nn::Module& parent, const TreeLayer& layer) {
  const std::int64_t kernel = layer.kernel_size, stride = layer.stride;
  const std::int64_t padding = stride > 1 ? 0 : kernel / 2;
  const std::int64_t groups = layer.shuffle && layer.groups > 1 ? layer.groups : 1;
  switch (layer.kind) {
    case TreeLayer::Kind::conv: {
      nn::Conv2d one = parent.register_module(
          "conv", spatial(layer, layer.in_channels, layer.out_channels, layer.groups, layer.bias));
      return [one, groups](Tensor x) mutable {
        x = one->forward(x);
        return groups > 1 ? shuffled(x, groups) : x;
      };
    }
    case TreeLayer::Kind::depth_conv: {
      nn::Conv2d depth = parent.register_module(
          "depth_conv", spatial(layer, layer.in_channels, layer.in_channels, layer.in_channels, false));
      nn::Conv2d point = parent.register_module(
          "point_conv", nn::Conv2d(nn::Conv2dOptions(layer.in_channels, layer.out_channels, 1)
                                       .groups(layer.groups)
                                       .bias(layer.bias)));
      return [depth, point, groups](Tensor x) mutable {
        x = point->forward(depth->forward(x));
        return groups > 1 ? shuffled(x, groups) : x;
      };
    }
    case TreeLayer::Kind::max_pool:
      return [=](const Tensor& x) { return torch::max_pool2d(x, kernel, stride, padding); };
    case TreeLayer::Kind::average_pool:
      return [=](const Tensor& x) {
        return torch::avg_pool2d(x, kernel, stride, padding, false, /*count_include_pad=*/false);
      };
    case TreeLayer::Kind::identity:
      break;
  }
  return [](Tensor x) { return x; };
}

Forward layer_of(nn::Module& parent, const std::string& name, const TreeLayer& layer, const BatchNorm& bn) {
  const auto module = group(parent, name);
  nn::BatchNorm2d normalise{nullptr};
  if (layer.use_bn) {
    normalise = norm(*module, "bn", layer.bn_first ? layer.in_channels : layer.out_channels, bn);
  }
  const Forward weight = weight_of(*module, layer);
  const Activation activation = layer.activation;
  const bool bn_first = layer.bn_first;
  return [=](Tensor x) mutable {
    if (!bn_first) x = weight(x);
    if (normalise) x = normalise->forward(x);
    // Activations work in place: never on what others still read.
    if (activation != Activation::none) x = activate(normalise ? x : x.clone(), activation);
    return bn_first ? weight(x) : x;
  };
}

Forward node_of(nn::Module& parent, const std::string& name, const TreeNode& node, const BatchNorm& bn) {
  const auto module = group(parent, name);
  const auto edges = group(*module, "edges"), children = group(*module, "child_nodes");
  const auto norms = group(*module, "branch_bns");
  struct Branch {
    Forward edge, child;
    nn::BatchNorm2d bn{nullptr};
    std::int64_t from = 0, width = 0;
  };
  std::vector<Branch> branches;
  const auto inputs = node.branch_inputs(), outputs = node.branch_outputs();
  std::int64_t from = 0;
  for (std::size_t i = 0; i < node.edges.size(); ++i) {
    Branch branch;
    const std::string number = std::to_string(i);
    branch.edge = layer_of(*edges, number, node.edges[i], bn);
    if (node.children[i]) branch.child = node_of(*children, number, *node.children[i], bn);
    if (node.branch_bn) branch.bn = norm(*norms, number, outputs[i], bn);
    branch.from = node.split == TreeNode::Split::split ? from : 0;
    branch.width = inputs[i];
    from += inputs[i];
    branches.push_back(std::move(branch));
  }
  const bool splits = node.split == TreeNode::Split::split;
  const bool concats = node.merge == TreeNode::Merge::concat;
  return [branches, splits, concats](const Tensor& x) mutable {
    std::vector<Tensor> results;
    for (Branch& branch : branches) {
      const Tensor input = splits ? x.narrow(1, branch.from, branch.width).contiguous() : x;
      const Tensor after_edge = branch.edge(input);
      Tensor y = branch.child ? branch.child(after_edge) : after_edge;
      if (branch.bn) y = branch.bn->forward(y) + after_edge;
      results.push_back(y);
    }
    if (concats) return torch::cat(results, 1);
    Tensor sum = results[0];
    for (std::size_t i = 1; i < results.size(); ++i) sum = sum + results[i];
    return sum;
  };
}

Forward block_of(nn::Module& parent, const std::string& name, const TreeBlock& block, const BatchNorm& bn) {
  const auto module = group(parent, name);
  std::vector<Forward> chain;
  if (!block.cell) {
    const auto layers = group(*module, "layers");
    for (std::size_t i = 0; i < block.layers.size(); ++i) {
      chain.push_back(layer_of(*layers, std::to_string(i), block.layers[i], bn));
    }
    return [chain](Tensor x) {
      for (const Forward& one : chain) x = one(x);
      return x;
    };
  }
  if (block.in_bottle) chain.push_back(layer_of(*module, "in_bottle", *block.in_bottle, bn));
  if (block.out_bottle) {
    const Forward out = layer_of(*module, "out_bottle", *block.out_bottle, bn);
    chain.push_back(node_of(*module, "cell", *block.cell, bn));
    chain.push_back(out);
  } else {
    chain.push_back(node_of(*module, "cell", *block.cell, bn));
  }
  const Forward shortcut = layer_of(*module, "shortcut", *block.shortcut, bn);
  nn::BatchNorm2d last{nullptr};
  if (block.final_bn) last = norm(*module, "final_bn", block.out_channels(), bn);
  return [=](const Tensor& x) mutable {
    Tensor y = x;
    for (const Forward& one : chain) y = one(y);
    if (last) y = last->forward(y);
    Tensor skipped = shortcut(x);
    if (const std::int64_t missing = y.size(1) - skipped.size(1); missing > 0) {
      skipped = torch::constant_pad_nd(skipped, {0, 0, 0, 0, 0, missing});
    }
    return y + skipped;
  };
}

}  // namespace

TreeImageNetwork::TreeImageNetwork(const TreeNetwork& network) {
  const auto blocks = group(*this, "blocks");
  for (std::size_t i = 0; i < network.blocks.size(); ++i) {
    blocks_.push_back(block_of(*blocks, std::to_string(i), network.blocks[i], network.bn));
  }
  const auto classifier = group(*this, "classifier");
  nn::Linear linear = classifier->register_module(
      "linear", nn::Linear(nn::LinearOptions(network.classifier.in_features, network.classifier.out_features)
                               .bias(network.classifier.bias)));
  classifier_ = [linear](const Tensor& x) mutable { return linear->forward(x); };
}

Tensor TreeImageNetwork::forward(const Tensor& images) {
  Tensor x = images;
  for (const auto& block : blocks_) x = block(x);
  return classifier_(x.flatten(1));
}

}  // namespace frugal::model
