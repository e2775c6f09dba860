// A network cut into the pieces that a latency table has entries for, and the key of each piece as the
// table's own project builds it. Every cost of the search is a sum over these pieces.
//
// The pieces of a network are its first convolution, its blocks, the 1×1 convolution before the pool, and the
// pool with the classifier; MobileNetV3's expand, pool and mix after the pool are pieces of their own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "network/network.h"

namespace frugal::search {

struct Piece {
  enum class Kind { first_conv, block, final_expand, pool, feature_mix, head };
  Kind kind = Kind::block;
  std::string name;  // where it stands in the network: "blocks.3"
  network::Shape in, out;
  network::ConvLayer conv;      // first_conv, final_expand, feature_mix
  network::Block block;         // block
  network::LinearLayer linear;  // head: average pool (where `in` is larger than 1×1) and classifier

  // Nothing is computed: a block that is its shortcut alone.
  bool is_free() const;
};

// In the order they run, at the network's own resolution or the one given.
std::vector<Piece> pieces_of(const network::NetworkConfig& network, std::int64_t resolution = 0);
// One block on its own.
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
