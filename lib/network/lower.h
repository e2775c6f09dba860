// From a network's file to its graph of operators (lib/ir): the one walk over a network. Counts, memory,
// latency pieces and exports read what it gives.
//
// Operators are named as the tensors of the layer are in a file of weights: "blocks.3.mobile_inverted_conv
// .depth_conv.conv", its batch norm ".bn", its activation ".act". Dropout is no operator: it does nothing
// outside training. Shapes are of one image: [1, channels, height, width].
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ir/ids.h"
#include "network/network.h"

namespace frugal::network {

// A piece of a network that runs, is measured and is searched as one: its first convolution, a block, the 1×1
// convolution before the pool, the pool with the classifier; MobileNetV3's expand, pool and mix after the
// pool are pieces of their own.
struct Part {
  enum class Kind { first_conv, block, final_expand, pool, feature_mix, head };
  Kind kind = Kind::block;
  std::string name;  // where it stands in the network: "blocks.3"
  Shape in, out;
  ir::NodeId first_node = 0, end_node = 0;  // its operators: [first, end) of the graph's
  Block block;         // what it was lowered from: block; of a convolution its layer, without a shortcut
  LinearLayer linear;  // head

  // Nothing is computed: a block that is its shortcut alone.
  bool is_free() const { return kind == Kind::block && block.layer->is_free(); }
};

struct Lowered {
  std::shared_ptr<const ir::Graph> graph;
  std::vector<Part> parts;  // in the order they run
};

// At the network's own resolution or at the one given. Throws UserError at the layer's place in `origin`
// where layers do not fit together or the image gets empty.
Lowered lower(const NetworkConfig& network, std::int64_t resolution = 0, const std::string& origin = "");

// One part alone, which gets `part.in`; what it gives is filled in.
Lowered lower(const Part& part, const std::string& origin = "");

}  // namespace frugal::network
