#include "search/space/space.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "config/config.h"
#include "network/lower.h"

namespace frugal::search {
namespace {

using base::UserError;

constexpr const char* grammar_hint =
    "a candidate is like 3e6 (kernel 3, expansion 6), 3e6se (with squeeze-and-excitation), c3 (plain "
    "convolution) or Z (Zero: the block is skipped)";

// What a label says, without the shapes.
struct Spec {
  enum class Kind { zero, conv, mb_conv } kind = Kind::zero;
  std::int64_t kernel = 0;
  double expand = 0;
  bool squeeze = false;
};

Spec read_label(const std::string& label, const std::string& place) {
  const auto bad = [&]() -> UserError {
    return {place, fmt::format("cannot read the candidate '{}'", label), grammar_hint};
  };
  Spec spec;
  if (label == "Z") return spec;
  const char* at = label.data();
  const char* const end = at + label.size();
  const bool plain = at != end && *at == 'c';
  if (plain) ++at;
  const auto [after_kernel, kernel_error] = std::from_chars(at, end, spec.kernel);
  if (kernel_error != std::errc() || spec.kernel < 1 || spec.kernel > 31 || spec.kernel % 2 == 0) throw bad();
  at = after_kernel;
  if (plain) {
    spec.kind = Spec::Kind::conv;
    if (at != end) throw bad();
    return spec;
  }
  spec.kind = Spec::Kind::mb_conv;
  if (at == end || *at++ != 'e') throw bad();
  const auto [after_expand, expand_error] = std::from_chars(at, end, spec.expand);
  if (expand_error != std::errc() || !(spec.expand > 0) || spec.expand > 64) throw bad();
  spec.squeeze = std::string(after_expand, end) == "se";
  if (!spec.squeeze && after_expand != end) throw bad();
  return spec;
}

// activation: of a bottleneck.
network::Block make_block(const Spec& spec, const std::string& activation, std::int64_t in, std::int64_t out,
                          std::int64_t stride, bool shortcut) {
  network::Block block;
  block.shortcut = shortcut;
  if (spec.kind == Spec::Kind::mb_conv) {
    network::MBConvLayer layer;
    layer.in_channels = in;
    layer.out_channels = out;
    layer.kernel_size = spec.kernel;
    layer.stride = stride;
    layer.expand_ratio = spec.expand;
    layer.activation = network::activation_named(activation).value_or(network::Activation::relu6);
    layer.use_se = spec.squeeze;
    block.set(layer);
  } else if (spec.kind == Spec::Kind::conv) {
    network::ConvLayer layer;
    layer.in_channels = in;
    layer.out_channels = out;
    layer.kernel_size = spec.kernel;
    layer.stride = stride;
    block.set(layer);
  }
  return block;
}

void check_candidates(const std::vector<std::string>& candidates, const std::string& place) {
  if (candidates.empty()) throw UserError(place, "is empty", grammar_hint);
  std::set<std::string> seen;
  bool changes = false;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::string here = fmt::format("{}/{}", place, i);
    const Spec spec = read_label(candidates[i], here);
    changes = changes || spec.kind != Spec::Kind::zero;
    if (!seen.insert(candidates[i]).second)
      throw UserError(here, fmt::format("'{}' stands twice", candidates[i]));
  }
  if (!changes) throw UserError(place, "has Zero alone", "add a candidate that computes something");
}

// The candidates of a block whose shapes are known. `place`: the stage.
void add_candidates(SearchBlock& block, const SpaceConfig& config, const StageConfig& stage,
                    std::int64_t stride, const std::string& place) {
  const bool own = !stage.candidates.empty();
  for (const std::string& label : own ? stage.candidates : config.candidates) {
    const Spec spec = read_label(label, place);
    if (spec.kind == Spec::Kind::zero && !block.shortcut) {
      // The space's common list names Zero for the blocks that can be skipped; a stage of one block that asks
      // for it itself means something that cannot be.
      if (own && stage.depth == 1) {
        throw UserError(place + "/candidates",
                        fmt::format("Zero (Z) in a block from {}x{}x{} to {}x{}x{}: without its operation "
                                    "the shape would change",
                                    block.in.channels, block.in.height, block.in.width, block.out.channels,
                                    block.out.height, block.out.width),
                        "leave Z out here, or give stride 1 and as many channels out as in");
      }
      continue;
    }
    block.candidates.push_back({label, make_block(spec, stage.act_func, block.in.channels, block.out.channels,
                                                  stride, block.shortcut)});
  }
}

// Height and width after a convolution with "same" padding, whatever its odd kernel.
std::int64_t strided(std::int64_t size, std::int64_t stride) { return (size - 1) / stride + 1; }

}  // namespace

SpaceConfig::SpaceConfig()
    : stages{{24, 4, 2, {}}, {40, 4, 2, {}},  {80, 4, 2, {}},
             {96, 4, 1, {}}, {192, 4, 2, {}}, {320, 1, 1, {}}} {
  stem = 32;
  head = 1280;
}

void StageConfig::visit(config::Visitor& v) {
  v.field("width", width, config::at_least(1), "channels of its blocks, before the multiplier");
  v.field("depth", depth, config::between(1, 1000), "blocks");
  v.field("stride", stride, config::between(1, 8), "of its first block");
  v.field("candidates", candidates, "of its blocks; empty: those of the space");
  v.choice("act_func", act_func, {"relu", "relu6", "h_swish"}, "activation of its bottlenecks");
}

void SpaceConfig::visit(config::Visitor& v) {
  v.field("name", name, "for people");
  FrameConfig::visit(v);
  v.field("first_block", first_block, config::at_least(0),
          "width of a fixed 3x3 block of expansion 1 after the stem; 0: none");
  v.field(
      "candidates", candidates,
      "operations of a block: 3e6 (kernel, expansion), 3e6se, c3 (convolution), Z (Zero, where stride 1 and "
      "channels match)");
  v.list("stages", stages, "searched blocks");
}

SearchSpace::SearchSpace(const SpaceConfig& config, const std::string& place) : config_(config) {
  frame_ = config.open(place);
  if (config.stages.empty()) throw UserError(place + "/stages", "is empty", "a space has at least one stage");
  check_candidates(config.candidates, place + "/candidates");

  std::int64_t channels = frame_.first_conv.out_channels;
  if (config.first_block > 0) {
    frame_.blocks.push_back(make_block({Spec::Kind::mb_conv, 3, 1, false}, "relu6", channels,
                                       config.width_of(config.first_block), 1, false));
    channels = config.width_of(config.first_block);
  }
  std::int64_t size = strided(config.resolution, config.stem_stride);
  bool searched = false;
  for (std::size_t s = 0; s < config.stages.size(); ++s) {
    const StageConfig& stage = config.stages[s];
    const std::string here = fmt::format("{}/stages/{}", place, s);
    if (stage.width < 1) throw UserError(here + "/width", "is not given", "channels of the stage's blocks");
    if (!stage.candidates.empty()) check_candidates(stage.candidates, here + "/candidates");
    const std::int64_t width = config.width_of(stage.width);
    for (std::int64_t d = 0; d < stage.depth; ++d) {
      const std::int64_t stride = d == 0 ? stage.stride : 1;
      SearchBlock block;
      block.stage = static_cast<int>(s);
      block.shortcut = stride == 1 && channels == width;
      block.in = {channels, size, size};
      size = strided(size, stride);
      block.out = {width, size, size};
      add_candidates(block, config, stage, stride, here);
      searched = searched || block.candidates.size() > 1;
      blocks_.push_back(std::move(block));
      channels = width;
    }
  }
  if (!searched) {
    throw UserError(place + "/candidates", "leaves one candidate in every block: there is nothing to search",
                    "give at least two, for example 3e3, 5e6 and Z; a fixed network is for nas-search train");
  }
  // As in the paper's program, the last layer grows with the multiplier but does not shrink.
  const bool grows = config.head > 0 && config.width_multiplier > 1;
  config.close(frame_, channels, grows ? config.width_of(config.head) : config.head);
  network::lower(network(Choice(blocks_.size(), 0)), 0, place);  // refuses what does not fit together
}

std::size_t SearchSpace::operation_count() const {
  std::size_t count = 0;
  for (const SearchBlock& block : blocks_) count += block.candidates.size();
  return count;
}

double SearchSpace::log10_networks() const {
  double sum = 0;
  for (const SearchBlock& block : blocks_) sum += std::log10(static_cast<double>(block.candidates.size()));
  return sum;
}

network::NetworkConfig SearchSpace::network(const Choice& choice) const {
  FRUGAL_ASSERT(choice.size() == blocks_.size(), "one candidate a block");
  network::NetworkConfig network = frame_;
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    network.blocks.push_back(blocks_[b].candidates.at(choice[b]).block);
  }
  return network;
}

std::string SearchSpace::text(const Choice& choice) const {
  std::string text;
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    if (b > 0) text += blocks_[b].stage != blocks_[b - 1].stage ? " | " : " ";
    text += blocks_[b].candidates.at(choice[b]).label;
  }
  return text;
}

Choice SearchSpace::choice_of(const std::vector<std::string>& labels, const std::string& place) const {
  if (labels.size() != blocks_.size()) {
    throw UserError(place, fmt::format("names {} blocks; the space has {}", labels.size(), blocks_.size()));
  }
  Choice choice;
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    std::vector<std::string> known;
    for (const Candidate& candidate : blocks_[b].candidates) known.push_back(candidate.label);
    const auto found = std::find(known.begin(), known.end(), labels[b]);
    if (found == known.end()) {
      throw UserError(place, fmt::format("block {} has no candidate '{}'", b, labels[b]),
                      base::suggest(labels[b], known));
    }
    choice.push_back(static_cast<std::size_t>(found - known.begin()));
  }
  return choice;
}

SearchSpace load_space(const std::string& path, const std::vector<std::string>& settings) {
  config::Source source = config::load(path, settings);
  std::string place = source.origin + ":";
  if (source.json().is_object() && source.json().contains("space")) {
    // Of a search config only the space is read here; the rest is the search's own to check.
    const nlohmann::json inner = source.json()["space"];
    source.json() = inner;
    place += "/space";
  }
  SpaceConfig config;
  config::read(config, source);
  return {config, place};
}

}  // namespace frugal::search
