// A network cut into the pieces that a latency table has entries for, and the key of each piece as the
// table's own project builds it. Every cost of the search is a sum over these pieces.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "network/lower.h"

namespace frugal::search {

struct Piece : network::Part {
  std::shared_ptr<const ir::Graph> graph;  // that its operators stand in

  const network::ConvLayer& conv() const { return *block.as<network::ConvLayer>(); }  // first_conv, mixes
  const network::MBConvLayer* bottleneck() const {
    return block.as<network::MBConvLayer>();
  }  // null: no such block
};

// In the order they run, at the network's own resolution or the one given.
std::vector<Piece> pieces_of(const network::NetworkConfig& network, std::int64_t resolution = 0);
// One on its own, at part.in; what it gives is filled in. Throws UserError where it does not fit together.
Piece piece_of(const network::Part& part);
Piece block_piece(const network::Block& block, const network::Shape& in, const std::string& name);

enum class KeyStyle {
  own,          // what is measured here: everything that the time depends on
  proxyless,    // "expanded_conv-input:112x112x16-output:56x56x24-expand:3-kernel:5-stride:2-idskip:0"
  mobilenetv3,  // Once-for-all's: middle channels in the place of the ratio, and "-se:0-hs:1" at the end
  tf_nas,       // "MBInvertedResBlock_112_16_0_24_k3_s2_relu/48": operation and middle channels
};
const char* name_of(KeyStyle style);

// Null where the format has no word for the piece (a plain convolution as a block in `proxyless`).
std::optional<std::string> key_of(const Piece& piece, KeyStyle style);

}  // namespace frugal::search
