#include "network/compact.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "base/error.h"
#include "network/lower.h"

namespace frugal::network {
namespace {

using base::UserError;

struct BlockText {
  bool zero = false;
  std::int64_t kernel = 0, stride = 1, width = 0;
  double expand = 0;
};

constexpr const char* grammar_hint =
    "a block is like 5e3 (kernel 5, expansion 3), 5e3s2w32 (first of a stage: stride 2, width 32) or Z";

BlockText read_block(const std::string& text, const std::string& place) {
  const auto bad = [&] {
    throw UserError(place, fmt::format("cannot read the block '{}'", text), grammar_hint);
  };
  BlockText block;
  if (text == "Z") {
    block.zero = true;
    return block;
  }
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto integer = [&](std::int64_t low, std::int64_t high) {
    std::int64_t value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc() || value < low || value > high) bad();
    at = next;
    return value;
  };
  block.kernel = integer(1, 99);
  if (block.kernel % 2 == 0 || at == end || *at++ != 'e') bad();
  const auto [next, error] = std::from_chars(at, end, block.expand);
  if (error != std::errc() || !(block.expand > 0) || block.expand > 1000) bad();
  at = next;
  if (at != end && *at == 's') {
    ++at;
    block.stride = integer(1, 8);
  }
  if (at != end && *at == 'w') {
    ++at;
    block.width = integer(1, 1 << 20);
  }
  if (at != end) bad();
  return block;
}

}  // namespace

void CompactNetwork::visit(config::Visitor& v) {
  v.field("blocks", blocks, "stages of blocks: \"3e1w16 | 5e3s2w32 3e3 Z Z\"; empty: `file` is read instead");
  FrameConfig::visit(v);
}

NetworkConfig expand(const CompactNetwork& compact, const std::string& place) {
  NetworkConfig network = compact.open(place);
  std::int64_t channels = network.first_conv.out_channels;
  bool first = true;
  std::istringstream words(compact.blocks);
  for (std::string word; words >> word;) {
    if (word == "|") {
      if (first) throw UserError(place, "has an empty stage", grammar_hint);
      first = true;
      continue;
    }
    const BlockText text = read_block(word, place);
    if (first && (text.zero || text.width == 0)) {
      throw UserError(place, fmt::format("the first block of a stage needs a width, got '{}'", word),
                      grammar_hint);
    }
    Block block;
    const std::int64_t width = text.width > 0 ? compact.width_of(text.width) : channels;
    // As in ProxylessNAS, the first block of a stage has no shortcut, even where the shapes would allow it.
    block.shortcut = !first && text.stride == 1 && width == channels;
    if (!text.zero) {
      MBConvLayer layer;
      layer.in_channels = channels;
      layer.out_channels = width;
      layer.kernel_size = text.kernel;
      layer.stride = text.stride;
      layer.expand_ratio = text.expand;
      block.set(layer);
    }
    channels = width;
    first = false;
    network.blocks.push_back(block);
  }
  if (first) throw UserError(place, "has no blocks, or an empty last stage", grammar_hint);
  compact.close(network, channels, compact.head > 0 ? compact.width_of(compact.head) : 0);
  lower(network, 0, place);  // refuses what does not fit together
  return network;
}

}  // namespace frugal::network
