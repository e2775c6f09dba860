#include "network/tree.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace frugal::network {
namespace {

using base::UserError;

// As equal as can be; the first ones get what is left over.
std::vector<std::int64_t> shared_out(std::int64_t channels, std::size_t branches) {
  const auto count = static_cast<std::int64_t>(branches);
  std::vector<std::int64_t> parts(branches, channels / count);
  for (std::int64_t i = 0; i < channels % count; ++i) ++parts[static_cast<std::size_t>(i)];
  return parts;
}

class Walk {
 public:
  Walk(std::string origin) : origin_(std::move(origin)) {}

  Shape layer(const TreeLayer& layer, Shape in, const std::string& place) {
    need(in.channels, layer.in_channels, place);
    const std::int64_t normalised = layer.bn_first ? layer.in_channels : layer.out_channels;
    if (layer.use_bn) total_.parameters += 2 * normalised;
    const std::int64_t kernel = layer.kernel_size;
    // Pools keep the size at stride 1 and have no padding otherwise.
    const std::int64_t padding = layer.is_pool() && layer.stride > 1 ? 0 : layer.dilation * (kernel / 2);
    const auto extent = [&](std::int64_t size) {
      const std::int64_t span = layer.dilation * (kernel - 1) + 1;
      return size + 2 * padding < span ? 0 : (size + 2 * padding - span) / layer.stride + 1;
    };
    Shape out{layer.out_channels, extent(in.height), extent(in.width)};
    if (out.height < 1 || out.width < 1) throw UserError(at(place), "leaves no pixel of the image");
    const std::int64_t pixels = out.height * out.width;
    const auto add = [&](std::int64_t weights) {
      total_.parameters += weights;
      total_.macs += weights * pixels;
    };
    switch (layer.kind) {
      case TreeLayer::Kind::conv:
        add(layer.out_channels * (layer.in_channels / layer.groups) * kernel * kernel);
        break;
      case TreeLayer::Kind::depth_conv:
        add(layer.in_channels * kernel * kernel);
        add(layer.out_channels * (layer.in_channels / layer.groups));
        break;
      default:
        if (layer.in_channels != layer.out_channels) {
          throw UserError(at(place), fmt::format("keeps its channels, but goes from {} to {}",
                                                 layer.in_channels, layer.out_channels));
        }
    }
    if (layer.bias) total_.parameters += layer.out_channels;
    return out;
  }

  Shape node(const TreeNode& node, const Shape& in, const std::string& place) {
    need(in.channels, node.in_channels, place);
    const auto inputs = node.branch_inputs(), outputs = node.branch_outputs();
    Shape merged{node.out_channels, 0, 0};
    for (std::size_t i = 0; i < node.edges.size(); ++i) {
      const std::string edge_place = fmt::format("{}/edges/{}", place, i);
      Shape shape = layer(node.edges[i], {inputs[i], in.height, in.width}, edge_place);
      if (node.children[i]) {
        shape = this->node(*node.children[i], shape, fmt::format("{}/child_nodes/{}", place, i));
      }
      need(shape.channels, outputs[i], edge_place);
      if (i > 0 && (shape.height != merged.height || shape.width != merged.width)) {
        throw UserError(at(edge_place), "gives another size than the branch before it");
      }
      merged.height = shape.height;
      merged.width = shape.width;
      if (node.branch_bn) total_.parameters += 2 * outputs[i];
    }
    return merged;
  }

  Shape block(const TreeBlock& block, Shape shape, const std::string& place) {
    if (!block.cell) {
      for (std::size_t i = 0; i < block.layers.size(); ++i) {
        shape = layer(block.layers[i], shape, fmt::format("{}/layers/{}", place, i));
      }
      return shape;
    }
    const Shape skipped = layer(*block.shortcut, shape, place + "/shortcut");
    if (block.in_bottle) shape = layer(*block.in_bottle, shape, place + "/in_bottle");
    shape = node(*block.cell, shape, place + "/cell");
    if (block.out_bottle) shape = layer(*block.out_bottle, shape, place + "/out_bottle");
    if (block.final_bn) total_.parameters += 2 * shape.channels;
    if (skipped.height != shape.height || skipped.width != shape.width || skipped.channels > shape.channels) {
      throw UserError(at(place), "its shortcut does not fit what it adds to");
    }
    return shape;
  }

  TreeCounts finish(const LinearLayer& classifier, const Shape& shape) {
    need(shape.channels * shape.height * shape.width, classifier.in_features, "/classifier");
    const std::int64_t weights = classifier.in_features * classifier.out_features;
    total_.parameters += weights + (classifier.bias ? classifier.out_features : 0);
    total_.macs += weights;
    return total_;
  }

 private:
  std::string at(const std::string& place) const { return origin_ + ":" + place; }
  void need(std::int64_t has, std::int64_t wants, const std::string& place) const {
    if (has != wants) {
      throw UserError(at(place), fmt::format("needs {} channels, but {} come or go there", wants, has));
    }
  }

  std::string origin_;
  TreeCounts total_;
};

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

TreeCounts counts(const TreeNetwork& network, std::int64_t resolution, const std::string& origin) {
  const std::int64_t size = resolution > 0 ? resolution : network.resolution;
  Walk walk(origin.empty() ? "network" : origin);
  Shape shape{network.input_channels(), size, size};
  for (std::size_t i = 0; i < network.blocks.size(); ++i) {
    shape = walk.block(network.blocks[i], shape, fmt::format("/blocks/{}", i));
  }
  return walk.finish(network.classifier, shape);
}

}  // namespace frugal::network
