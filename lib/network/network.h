// A network of the ProxylessNAS family as plain data: the `net.config` JSON of the ProxylessNAS, Once-for-all
// and MCUNet projects, read and written, with its shapes, parameters and multiply-accumulates (MACs).
// No torch here: the search, the profiler and the device compiler read networks without it.
//
// What runs: first_conv, the blocks, then (MobileNetV3 only: final_expand_layer) global average pool,
// feature_mix_layer before the pool (after it in MobileNetV3) and the classifier. A block whose operation is
// a ZeroLayer is its shortcut alone, as in ProxylessNAS's MobileInvertedResidualBlock.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace frugal::network {

enum class Activation { none, relu, relu6, h_swish, h_sigmoid, sigmoid, tanh };

const char* name_of(Activation activation);  // as in the file; "" for none (null in the file)
std::optional<Activation> activation_named(const std::string& name);

// Convolution ("same" padding: dilation · (kernel / 2)), batch norm, activation.
struct ConvLayer {
  std::int64_t in_channels = 0, out_channels = 0;
  std::int64_t kernel_size = 1, stride = 1, dilation = 1, groups = 1;
  bool bias = false, use_bn = true, use_se = false;
  Activation activation = Activation::relu6;
  double dropout_rate = 0;
};

// MobileNetV2's inverted bottleneck: 1×1 expansion (absent at expand_ratio 1), depthwise k×k, 1×1 projection.
struct MBConvLayer {
  std::int64_t in_channels = 0, out_channels = 0;
  std::int64_t kernel_size = 3, stride = 1;
  double expand_ratio = 6;
  std::optional<std::int64_t> mid_channels;  // else round(in_channels · expand_ratio)
  Activation activation = Activation::relu6;
  bool use_se = false;

  std::int64_t expanded_channels() const;
  bool has_expansion() const { return expand_ratio != 1; }
  ConvLayer expansion() const;   // only where has_expansion()
  ConvLayer depthwise() const;   // its use_se says whether squeeze-and-excitation follows
  ConvLayer projection() const;  // no activation
};

// Channels of the squeeze: a quarter, rounded to a multiple of 8 (Once-for-all's SEModule).
std::int64_t squeeze_channels(std::int64_t channels);

struct LinearLayer {
  std::int64_t in_features = 0, out_features = 0;
  bool bias = true;
  double dropout_rate = 0;
};

enum class Operation { zero, identity, mb_conv, conv };

struct Block {
  Operation operation = Operation::zero;
  MBConvLayer mb_conv;  // where operation is mb_conv
  ConvLayer conv;       // where operation is conv
  bool shortcut = false;

  bool adds_shortcut() const { return shortcut && operation != Operation::zero; }
};

struct BatchNorm {
  double momentum = 0.1, eps = 1e-3;
};

struct Shape {
  std::int64_t channels = 0, height = 0, width = 0;
  bool operator==(const Shape&) const = default;
};

// One convolution or linear layer as it runs, in order: for tables, counts and cost models.
struct LayerCost {
  std::string name;  // prefix of its tensors: "blocks.3.mobile_inverted_conv.depth_conv"
  Shape in, out;
  std::int64_t kernel_size = 1, stride = 1, groups = 1;
  std::int64_t parameters = 0, macs = 0;
};

struct NetworkConfig {
  std::string name = "ProxylessNASNets";
  BatchNorm bn;
  ConvLayer first_conv;
  std::vector<Block> blocks;
  std::optional<ConvLayer> final_expand_layer;  // MobileNetV3
  std::optional<ConvLayer> feature_mix_layer;
  LinearLayer classifier;
  std::int64_t resolution = 224;

  bool mixes_after_pool() const { return final_expand_layer.has_value(); }
  std::int64_t input_channels() const { return first_conv.in_channels; }
  std::int64_t classes() const { return classifier.out_features; }
};

// Layers in the order they run, at the network's own resolution or at the one given. Throws UserError where
// channels do not fit together or the image gets empty; `origin` is the place for the message.
std::vector<LayerCost> layer_costs(const NetworkConfig& network, std::int64_t resolution = 0,
                                   const std::string& origin = "");

// Of one block, convolution or classifier that gets `in`; names start with `name`.
std::vector<LayerCost> layer_costs(const Block& block, const Shape& in, const std::string& name = "block");
std::vector<LayerCost> layer_costs(const ConvLayer& layer, const Shape& in, const std::string& name = "conv");
std::vector<LayerCost> layer_costs(const LinearLayer& layer, const Shape& in,
                                   const std::string& name = "classifier");

// Trainable numbers: convolutions, batch norm's scale and shift, linear layers.
std::int64_t parameter_count(const NetworkConfig& network);
// Multiply-accumulates of one image: convolutions and linear layers (batch norm is folded away, bias is
// free).
std::int64_t mac_count(const NetworkConfig& network, std::int64_t resolution = 0);

// Reading checks names, types, ranges and that the layers fit together; errors carry file and JSON path.
// Keys of other projects that change nothing here are passed over; one that looks misspelt is refused.
NetworkConfig read_network(const nlohmann::json& json, const std::string& origin);
NetworkConfig load_network(const std::string& path);
// What is written is read back the same, here and by the three projects.
nlohmann::ordered_json to_json(const NetworkConfig& network);
std::string to_text(const NetworkConfig& network);

}  // namespace frugal::network
