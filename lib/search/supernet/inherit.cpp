#include "search/supernet/inherit.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/error.h"
#include "model/pretrained/pretrained.h"

namespace frugal::search {
namespace {

using network::MBConvLayer;
using torch::Tensor;
using Tensors = std::map<std::string, Tensor>;

constexpr const char* parts_of_norm[] = {"weight", "bias", "running_mean", "running_var"};

// Blocks from one change of shape to the next.
struct Stage {
  std::vector<std::size_t> blocks;  // numbers in the network
  std::int64_t width = 0;           // channels that it gives
  bool expands = true;
};

std::vector<Stage> stages_of(const std::vector<network::Block>& blocks) {
  std::vector<Stage> stages;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto* layer = blocks[i].as<MBConvLayer>();
    if (layer == nullptr) continue;
    if (stages.empty() || layer->stride > 1 || layer->in_channels != layer->out_channels ||
        !stages.back().expands) {
      stages.push_back({{}, layer->out_channels, layer->has_expansion()});
    }
    stages.back().blocks.push_back(i);
  }
  return stages;
}

// The `count` largest, in their order; nothing where there are fewer.
std::optional<Tensor> largest(const Tensor& norms, std::int64_t count) {
  if (count > norms.size(0)) return std::nullopt;
  if (count == norms.size(0)) return torch::arange(count);
  return std::get<0>(std::get<1>(norms.topk(count)).sort());
}

// Sum of absolute values over all axes but one.
Tensor norms_along(const Tensor& weight, std::int64_t axis) {
  return weight.abs().transpose(0, axis).flatten(1).sum(1);
}

// The middle of a larger kernel, or a smaller one among zeros.
Tensor with_kernel(const Tensor& weight, std::int64_t size) {
  const std::int64_t has = weight.size(2), beside = (size - has) / 2;
  return torch::constant_pad_nd(weight, {beside, beside, beside, beside});
}

class Heir {
 public:
  Heir(Supernet& net, const network::NetworkConfig& source, Tensors theirs)
      : net_(net), source_(source), theirs_(std::move(theirs)) {
    for (const auto& [name, tensor] : tensor::state_of(net)) ours_[name] = tensor;
    for (const Tensor& parameter : net.parameters()) inherited_.all += parameter.numel();
  }

  Inherited run() {
    const torch::NoGradGuard no_grad;
    std::optional<Tensor> stream = stem();
    const std::vector<Stage> stages = stages_of(source_.blocks);
    std::size_t stage = 0;
    const network::NetworkConfig& frame = net_.space().frame();
    if (!frame.blocks.empty()) {  // the fixed first block, without expansion
      if (!stages.empty() && !stages[0].expands) {
        stream = fixed_block(stages[stage++], frame.blocks[0], stream);
      } else {
        stream.reset();
        inherited_.blocks.push_back({"blocks.0", "", {"made up (the network has no such block)"}});
      }
    } else if (!stages.empty() && !stages[0].expands) {
      stream.reset();  // its first block changes what the others are given
      ++stage;
    }
    const auto& blocks = net_.space().blocks();
    for (std::size_t b = 0; b < blocks.size(); ++stage) {
      const int number = blocks[b].stage;
      const Stage* from = stage < stages.size() ? &stages[stage] : nullptr;
      const std::optional<Tensor> out =
          from == nullptr ? std::nullopt : largest(norms_of_stage(*from), blocks[b].out.channels);
      for (std::size_t place = 0; b < blocks.size() && blocks[b].stage == number; ++b, ++place) {
        searched_block(b, from, place, stream, out);
        stream = out;
      }
    }
    end(stream);
    return inherited_;
  }

 private:
  void put(const std::string& name, const Tensor& value) {
    Tensor into = ours_.at(name);
    FRUGAL_ASSERT(into.sizes() == value.sizes(), "what is inherited has the shape of what it fills");
    into.copy_(value);
    if (!name.ends_with("running_mean") && !name.ends_with("running_var")) inherited_.taken += value.numel();
  }

  void put_norm(const std::string& name, const std::string& from, const Tensor& channels) {
    for (const char* part : parts_of_norm)
      put(name + ".bn." + part, theirs_.at(from + ".bn." + part).index_select(0, channels));
  }

  std::optional<Tensor> stem() {
    const std::string name = "first_conv";
    Tensor weight = theirs_.at(name + ".conv.weight");
    const Tensor target = ours_.at(name + ".conv.weight");
    const std::optional<Tensor> out = largest(norms_along(weight, 0), target.size(0));
    // A grey image is three equal colours.
    if (weight.size(1) == 3 && target.size(1) == 1) weight = weight.sum(1, true);
    if (!out || weight.size(1) != target.size(1)) {
      inherited_.stem = "made up (more channels than the network has)";
      return std::nullopt;
    }
    put(name + ".conv.weight", with_kernel(weight.index_select(0, *out), target.size(2)));
    put_norm(name, name, *out);
    inherited_.stem = out->size(0) == weight.size(0) ? "whole" : "channels by norm";
    return out;
  }

  std::string source_name(std::size_t block) const {
    return fmt::format("blocks.{}.mobile_inverted_conv.", block);
  }

  // How much each channel that a stage gives gets from all of its blocks.
  Tensor norms_of_stage(const Stage& stage) const {
    Tensor sum = torch::zeros({stage.width});
    for (const std::size_t block : stage.blocks)
      sum += norms_along(theirs_.at(source_name(block) + "point_linear.conv.weight"), 0);
    return sum;
  }

  std::optional<Tensor> fixed_block(const Stage& stage, const network::Block& block,
                                    const std::optional<Tensor>& in) {
    const auto* layer = block.as<MBConvLayer>();
    const std::optional<Tensor> out = largest(norms_of_stage(stage), layer->out_channels);
    const std::string what = candidate("blocks.0.mobile_inverted_conv.", *layer, stage.blocks[0], in, out);
    inherited_.blocks.push_back({"blocks.0", fmt::format("blocks.{}", stage.blocks[0]), {what}});
    return out;
  }

  void searched_block(std::size_t b, const Stage* stage, std::size_t place, const std::optional<Tensor>& in,
                      const std::optional<Tensor>& out) {
    const SearchBlock& block = net_.space().blocks()[b];
    const std::size_t number = net_.space().fixed_blocks() + b;
    const bool there = stage != nullptr && place < stage->blocks.size();
    Inherited::Block told{
        fmt::format("blocks.{}", number), there ? fmt::format("blocks.{}", stage->blocks[place]) : "", {}};
    for (std::size_t c = 0; c < block.candidates.size(); ++c) {
      const auto* layer = block.candidates[c].block.as<MBConvLayer>();
      if (block.candidates[c].block.is_zero()) continue;
      const std::string name = fmt::format("blocks.{}.{}.mobile_inverted_conv.", number, c);
      const std::string what = !there             ? "made up (the network has no block in this place)"
                               : layer == nullptr ? "made up (no inverted bottleneck)"
                                                  : candidate(name, *layer, stage->blocks[place], in, out);
      told.candidates.push_back(block.candidates[c].label + ": " + what);
    }
    inherited_.blocks.push_back(std::move(told));
  }

  // One operation from one block of the network. Says what became of it.
  std::string candidate(const std::string& name, const MBConvLayer& layer, std::size_t source_block,
                        const std::optional<Tensor>& in, const std::optional<Tensor>& out) {
    const auto& source = *source_.blocks[source_block].as<MBConvLayer>();
    const std::string from = source_name(source_block);
    if (!in || !out) return "made up (more channels than the network has)";
    if (layer.has_expansion() != source.has_expansion()) return "made up (another kind of block)";
    if (layer.use_se && !source.use_se) return "made up (the network has no squeeze-and-excitation here)";
    const Tensor projection = theirs_.at(from + "point_linear.conv.weight");
    // Hidden channels by what the projection takes of them; without expansion they are those of the stream.
    const std::optional<Tensor> middle =
        layer.has_expansion() ? largest(norms_along(projection, 1), layer.middle_channels()) : in;
    if (!middle) return "made up (more hidden channels than the network has)";
    if (layer.has_expansion()) {
      const Tensor expansion = theirs_.at(from + "inverted_bottleneck.conv.weight");
      put(name + "inverted_bottleneck.conv.weight", expansion.index_select(0, *middle).index_select(1, *in));
      put_norm(name + "inverted_bottleneck", from + "inverted_bottleneck", *middle);
    }
    const Tensor depthwise = theirs_.at(from + "depth_conv.conv.weight").index_select(0, *middle);
    put(name + "depth_conv.conv.weight", with_kernel(depthwise, layer.kernel_size));
    put_norm(name + "depth_conv", from + "depth_conv", *middle);
    if (layer.use_se) squeeze(name + "depth_conv.se.fc.", from + "depth_conv.se.fc.", *middle);
    put(name + "point_linear.conv.weight", projection.index_select(0, *out).index_select(1, *middle));
    put_norm(name + "point_linear", from + "point_linear", *out);
    std::string what;
    if (middle->size(0) < projection.size(1) || out->size(0) < projection.size(0)) what = "channels by norm";
    const auto add = [&](const char* more) { what += (what.empty() ? "" : ", ") + std::string(more); };
    if (layer.kernel_size < source.kernel_size) add("kernel cropped");
    if (layer.kernel_size > source.kernel_size) add("kernel widened");
    return what.empty() ? "whole" : what;
  }

  void squeeze(const std::string& name, const std::string& from, const Tensor& channels) {
    const Tensor reduce = theirs_.at(from + "reduce.weight"), expand = theirs_.at(from + "expand.weight");
    const std::optional<Tensor> inner =
        largest(norms_along(expand, 1), ours_.at(name + "reduce.weight").size(0));
    if (!inner) return;
    put(name + "reduce.weight", reduce.index_select(0, *inner).index_select(1, channels));
    put(name + "reduce.bias", theirs_.at(from + "reduce.bias").index_select(0, *inner));
    put(name + "expand.weight", expand.index_select(0, channels).index_select(1, *inner));
    put(name + "expand.bias", theirs_.at(from + "expand.bias").index_select(0, channels));
  }

  void end(const std::optional<Tensor>& in) {
    const std::string name = "feature_mix_layer";
    inherited_.head = "made up";
    const auto ours = ours_.find(name + ".conv.weight");
    const auto theirs = theirs_.find(name + ".conv.weight");
    if (ours == ours_.end() || theirs == theirs_.end() || !in) return;
    if (source_.mixes_after_pool() || theirs_.count(name + ".bn.weight") == 0) return;
    const std::optional<Tensor> out = largest(norms_along(theirs->second, 0), ours->second.size(0));
    if (!out) return;
    put(name + ".conv.weight", theirs->second.index_select(0, *out).index_select(1, *in));
    put_norm(name, name, *out);
    inherited_.head = "features taken, classifier made up";
  }

  Supernet& net_;
  const network::NetworkConfig& source_;
  Tensors ours_, theirs_;
  Inherited inherited_;
};

}  // namespace

void PretrainedNetwork::visit(config::Visitor& v) {
  v.field("network", network, "network.json of a trained network that the search starts from; empty: none");
  v.field("weights", weights, "its weights: safetensors, .pth or .pt");
}

SpaceConfig within(SpaceConfig space, const std::string& network) {
  const network::NetworkConfig source = network::load_network(network);
  std::vector<Stage> stages = stages_of(source.blocks);
  space.stem = std::min(space.stem, source.first_conv.out_channels);
  if (!stages.empty() && !stages[0].expands) {
    space.first_block =
        std::min(space.first_block > 0 ? space.first_block : stages[0].width, stages[0].width);
    stages.erase(stages.begin());
  } else {
    space.first_block = 0;
  }
  for (std::size_t s = 0; s < std::min(stages.size(), space.stages.size()); ++s) {
    space.stages[s].width = std::min(space.stages[s].width, stages[s].width);
  }
  if (source.feature_mix_layer && !source.mixes_after_pool()) {
    space.head = std::min(space.head, source.feature_mix_layer->out_channels);
  }
  return space;
}

Inherited inherit(Supernet& net, const PretrainedNetwork& from) {
  if (from.network.empty() || from.weights.empty()) {
    throw base::UserError("pretrained", "needs both network and weights",
                          "a network.json says what the numbers of the weights are");
  }
  const network::NetworkConfig source = network::load_network(from.network);
  // Whether the file is of that network is told by the one that reads it whole.
  model::ImageNetwork whole(source);
  const model::Loaded loaded = model::load_pretrained(whole, from.weights, false);
  Tensors theirs;
  for (const auto& [name, tensor] : tensor::state_of(whole)) theirs[name] = tensor.detach();
  Inherited inherited = Heir(net, source, std::move(theirs)).run();
  inherited.family = loaded.family;
  return inherited;
}

nlohmann::ordered_json to_json(const Inherited& inherited) {
  nlohmann::ordered_json json{{"family", inherited.family},
                              {"numbers_taken", inherited.taken},
                              {"numbers", inherited.all},
                              {"stem", inherited.stem},
                              {"end", inherited.head}};
  for (const Inherited::Block& block : inherited.blocks) {
    json["blocks"].push_back({{"block", block.name}, {"from", block.from}, {"candidates", block.candidates}});
  }
  return json;
}

}  // namespace frugal::search
