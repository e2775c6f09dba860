#include "model/compact.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/error.h"

namespace frugal::model {
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

std::int64_t make_divisible(double value, std::int64_t divisor) {
  auto rounded = static_cast<std::int64_t>(value + static_cast<double>(divisor) / 2) / divisor * divisor;
  rounded = std::max(divisor, rounded);
  if (static_cast<double>(rounded) < 0.9 * value) rounded += divisor;
  return rounded;
}

void CompactNetwork::visit(config::Visitor& v) {
  using config::at_least, config::between, config::greater_than;
  v.field("blocks", blocks, "stages of blocks: \"3e1w16 | 5e3s2w32 3e3 Z Z\"; empty: `file` is read instead");
  v.field("stem", stem, at_least(1), "width of the first convolution");
  v.field("stem_stride", stem_stride, between(1, 8), "stride of the first convolution");
  v.field("stem_kernel", stem_kernel, between(1, 15), "kernel of the first convolution, odd");
  v.field("head", head, at_least(0), "width of the 1x1 convolution before the pool; 0: none");
  v.field("width_multiplier", width_multiplier, greater_than(0), "multiplies every width");
  v.field("divisor", divisor, at_least(1), "multiplied widths are rounded to multiples of it");
  v.field("input_channels", input_channels, at_least(1), "channels of the image");
  v.field("classes", classes, at_least(1), "outputs of the classifier");
  v.field("resolution", resolution, at_least(1), "height and width of the image in pixels");
  v.field("dropout", dropout, config::Range{0, 1, false, true}, "before the classifier");
  v.field("bn_momentum", bn_momentum, config::fraction(), "batch norm: share of the new statistics");
  v.field("bn_eps", bn_eps, greater_than(0), "batch norm: added to the variance");
}

NetworkConfig expand(const CompactNetwork& compact, const std::string& place) {
  const auto width_of = [&](std::int64_t width) {
    return compact.width_multiplier == 1
               ? width
               : make_divisible(static_cast<double>(width) * compact.width_multiplier, compact.divisor);
  };
  if (compact.stem_kernel % 2 == 0) throw UserError(place, "stem_kernel must be odd");
  NetworkConfig network;
  network.bn = {compact.bn_momentum, compact.bn_eps};
  network.resolution = compact.resolution;
  network.first_conv.in_channels = compact.input_channels;
  network.first_conv.out_channels = width_of(compact.stem);
  network.first_conv.kernel_size = compact.stem_kernel;
  network.first_conv.stride = compact.stem_stride;

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
    const std::int64_t width = text.width > 0 ? width_of(text.width) : channels;
    // As in ProxylessNAS, the first block of a stage has no shortcut, even where the shapes would allow it.
    block.shortcut = !first && text.stride == 1 && width == channels;
    if (!text.zero) {
      block.operation = Operation::mb_conv;
      block.mb_conv.in_channels = channels;
      block.mb_conv.out_channels = width;
      block.mb_conv.kernel_size = text.kernel;
      block.mb_conv.stride = text.stride;
      block.mb_conv.expand_ratio = text.expand;
    }
    channels = width;
    first = false;
    network.blocks.push_back(block);
  }
  if (first) throw UserError(place, "has no blocks, or an empty last stage", grammar_hint);
  if (compact.head > 0) {
    ConvLayer head;
    head.in_channels = channels;
    head.out_channels = width_of(compact.head);
    channels = head.out_channels;
    network.feature_mix_layer = head;
  }
  network.classifier = {channels, compact.classes, true, compact.dropout};
  layer_costs(network, 0, place);  // refuses what does not fit together
  return network;
}

}  // namespace frugal::model
