#include "model/pretrained/names.h"

#include <fmt/args.h>
#include <fmt/format.h>

#include <array>
#include <vector>

#include "base/error.h"

namespace frugal::model {

// A convolution and its batch norm. {b}: the block; {k}: which of the block's layers this is, from 0
// (expansion, depthwise convolution, squeeze-and-excitation, projection, those that it has); {n}: k + 1; {e}:
// the number after the last block's.
struct UnitNames {
  const char* conv;
  const char* norm;
};

struct NameFamily {
  const char* name;
  const char* mark;  // a tensor that no other family's files have
  double eps;
  int first_block;  // number of the first block
  bool in_stages;   // {b} is "stage.block", as the file has them
  UnitNames first, expansion, depthwise, projection;
  UnitNames plain_depthwise, plain_projection;  // of a block without expansion
  const char *reduce, *expand;                  // squeeze-and-excitation
  UnitNames last, mix;
  const char* classifier;
};

namespace {

constexpr std::array families = {
    NameFamily{
        "ProxylessNAS, Once-for-all",
        "blocks.0.mobile_inverted_conv.depth_conv.conv.weight",
        0,
        0,
        false,
        {"first_conv.conv", "first_conv.bn"},
        {"blocks.{b}.mobile_inverted_conv.inverted_bottleneck.conv",
         "blocks.{b}.mobile_inverted_conv.inverted_bottleneck.bn"},
        {"blocks.{b}.mobile_inverted_conv.depth_conv.conv", "blocks.{b}.mobile_inverted_conv.depth_conv.bn"},
        {"blocks.{b}.mobile_inverted_conv.point_linear.conv",
         "blocks.{b}.mobile_inverted_conv.point_linear.bn"},
        {"blocks.{b}.mobile_inverted_conv.depth_conv.conv", "blocks.{b}.mobile_inverted_conv.depth_conv.bn"},
        {"blocks.{b}.mobile_inverted_conv.point_linear.conv",
         "blocks.{b}.mobile_inverted_conv.point_linear.bn"},
        "blocks.{b}.mobile_inverted_conv.depth_conv.se.fc.reduce",
        "blocks.{b}.mobile_inverted_conv.depth_conv.se.fc.expand",
        {"final_expand_layer.conv", "final_expand_layer.bn"},
        {"feature_mix_layer.conv", "feature_mix_layer.bn"},
        "classifier.linear"},
    NameFamily{"Once-for-all and MCUNet, newer",
               "blocks.0.conv.depth_conv.conv.weight",
               0,
               0,
               false,
               {"first_conv.conv", "first_conv.bn"},
               {"blocks.{b}.conv.inverted_bottleneck.conv", "blocks.{b}.conv.inverted_bottleneck.bn"},
               {"blocks.{b}.conv.depth_conv.conv", "blocks.{b}.conv.depth_conv.bn"},
               {"blocks.{b}.conv.point_linear.conv", "blocks.{b}.conv.point_linear.bn"},
               {"blocks.{b}.conv.depth_conv.conv", "blocks.{b}.conv.depth_conv.bn"},
               {"blocks.{b}.conv.point_linear.conv", "blocks.{b}.conv.point_linear.bn"},
               "blocks.{b}.conv.depth_conv.se.fc.reduce",
               "blocks.{b}.conv.depth_conv.se.fc.expand",
               {"final_expand_layer.conv", "final_expand_layer.bn"},
               {"feature_mix_layer.conv", "feature_mix_layer.bn"},
               "classifier.linear"},
    NameFamily{"torchvision's MobileNetV2",
               "features.1.conv.0.0.weight",
               1e-5,
               1,
               false,
               {"features.0.0", "features.0.1"},
               {"features.{b}.conv.{k}.0", "features.{b}.conv.{k}.1"},
               {"features.{b}.conv.{k}.0", "features.{b}.conv.{k}.1"},
               {"features.{b}.conv.{k}", "features.{b}.conv.{n}"},
               {"features.{b}.conv.{k}.0", "features.{b}.conv.{k}.1"},
               {"features.{b}.conv.{k}", "features.{b}.conv.{n}"},
               nullptr,
               nullptr,
               {nullptr, nullptr},
               {"features.{e}.0", "features.{e}.1"},
               "classifier.1"},
    NameFamily{"torchvision's MobileNetV3",
               "features.1.block.0.0.weight",
               1e-3,
               1,
               false,
               {"features.0.0", "features.0.1"},
               {"features.{b}.block.{k}.0", "features.{b}.block.{k}.1"},
               {"features.{b}.block.{k}.0", "features.{b}.block.{k}.1"},
               {"features.{b}.block.{k}.0", "features.{b}.block.{k}.1"},
               {"features.{b}.block.{k}.0", "features.{b}.block.{k}.1"},
               {"features.{b}.block.{k}.0", "features.{b}.block.{k}.1"},
               "features.{b}.block.{k}.fc1",
               "features.{b}.block.{k}.fc2",
               {"features.{e}.0", "features.{e}.1"},
               {"classifier.0", nullptr},
               "classifier.3"},
    NameFamily{"timm's MobileNetV2 and V3",
               "conv_stem.weight",
               1e-5,
               0,
               true,
               {"conv_stem", "bn1"},
               {"blocks.{b}.conv_pw", "blocks.{b}.bn1"},
               {"blocks.{b}.conv_dw", "blocks.{b}.bn2"},
               {"blocks.{b}.conv_pwl", "blocks.{b}.bn3"},
               {"blocks.{b}.conv_dw", "blocks.{b}.bn1"},
               {"blocks.{b}.conv_pw", "blocks.{b}.bn2"},
               "blocks.{b}.se.conv_reduce",
               "blocks.{b}.se.conv_expand",
               {"blocks.{e}.0.conv", "blocks.{e}.0.bn1"},
               {"conv_head", "bn2"},
               "classifier"},
};

using Has = std::function<bool(const std::string&)>;

// What names of one block are made with.
struct At {
  std::string block, after_last;
  int layer = 0;

  std::string fill(const char* pattern) const {
    return fmt::format(fmt::runtime(pattern), fmt::arg("b", block), fmt::arg("k", layer),
                       fmt::arg("n", layer + 1), fmt::arg("e", after_last));
  }
};

// Numbers of the blocks as the file counts them, and what comes after them.
std::vector<std::string> block_numbers(const NameFamily& family, std::size_t count, const Has& has,
                                       std::string& after_last) {
  std::vector<std::string> numbers;
  if (!family.in_stages) {
    for (std::size_t i = 0; i < count; ++i) {
      numbers.push_back(std::to_string(family.first_block + static_cast<int>(i)));
    }
    after_last = std::to_string(family.first_block + static_cast<int>(count));
    return numbers;
  }
  int stage = 0;
  for (; has(fmt::format("blocks.{}.0.conv_dw.weight", stage)); ++stage) {
    for (int i = 0; has(fmt::format("blocks.{}.{}.conv_dw.weight", stage, i)); ++i) {
      numbers.push_back(fmt::format("{}.{}", stage, i));
    }
  }
  after_last = std::to_string(stage);
  return numbers;
}

class Writer {
 public:
  explicit Writer(std::map<std::string, std::string>& names) : names_(names) {}

  // A convolution `ours` ("blocks.0.….conv"), with the batch norm beside it where it has one.
  void unit(const std::string& ours, const UnitNames& theirs, const network::ConvLayer& layer, const At& at) {
    if (theirs.conv == nullptr) return;
    names_[ours + ".conv.weight"] = at.fill(theirs.conv) + ".weight";
    if (layer.bias) names_[ours + ".conv.bias"] = at.fill(theirs.conv) + ".bias";
    if (!layer.use_bn || theirs.norm == nullptr) return;
    for (const char* part : {"weight", "bias", "running_mean", "running_var"}) {
      names_[fmt::format("{}.bn.{}", ours, part)] = fmt::format("{}.{}", at.fill(theirs.norm), part);
    }
  }

  void weight_and_bias(const std::string& ours, const char* theirs, const At& at, bool bias = true) {
    if (theirs == nullptr) return;
    names_[ours + ".weight"] = at.fill(theirs) + ".weight";
    if (bias) names_[ours + ".bias"] = at.fill(theirs) + ".bias";
  }

 private:
  std::map<std::string, std::string>& names_;
};

}  // namespace

const NameFamily& recognise_family(const Has& has, const std::string& file) {
  std::string known;
  for (const NameFamily& family : families) {
    if (has(family.mark)) return family;
    known += fmt::format("{}{} ({})", known.empty() ? "" : "; ", family.name, family.mark);
  }
  throw base::UserError(file, "has tensors of no family of networks that is known here",
                        "known by a tensor of theirs: " + known);
}

const char* name_of(const NameFamily& family) { return family.name; }

double batch_norm_eps(const NameFamily& family) { return family.eps; }

std::map<std::string, std::string> names_in(const NameFamily& family, const network::NetworkConfig& network,
                                            const Has& has) {
  std::map<std::string, std::string> names;
  Writer writer(names);
  At at;
  const std::vector<std::string> numbers = block_numbers(family, network.blocks.size(), has, at.after_last);
  writer.unit("first_conv", family.first, network.first_conv, at);
  for (std::size_t i = 0; i < network.blocks.size(); ++i) {
    const auto* layer = network.blocks[i].as<network::MBConvLayer>();
    if (layer == nullptr) continue;  // Zero has no tensors; other layers have none of these names
    const std::string ours = fmt::format("blocks.{}.mobile_inverted_conv.", i);
    at.block = i < numbers.size() ? numbers[i] : "?";
    at.layer = 0;
    const bool expands = layer->has_expansion();
    if (expands) {
      writer.unit(ours + "inverted_bottleneck", family.expansion, layer->expansion(), at);
      ++at.layer;
    }
    writer.unit(ours + "depth_conv", expands ? family.depthwise : family.plain_depthwise, layer->depthwise(),
                at);
    ++at.layer;
    if (layer->use_se) {
      writer.weight_and_bias(ours + "depth_conv.se.fc.reduce", family.reduce, at);
      writer.weight_and_bias(ours + "depth_conv.se.fc.expand", family.expand, at);
      ++at.layer;
    }
    writer.unit(ours + "point_linear", expands ? family.projection : family.plain_projection,
                layer->projection(), at);
  }
  if (network.final_expand_layer) {
    writer.unit("final_expand_layer", family.last, *network.final_expand_layer, at);
  }
  if (network.feature_mix_layer) {
    writer.unit("feature_mix_layer", family.mix, *network.feature_mix_layer, at);
  }
  writer.weight_and_bias("classifier.linear", family.classifier, at, network.classifier.bias);
  return names;
}

}  // namespace frugal::model
