// What a backward pass is made of (reference: Lin et al., NeurIPS 2022, and the sheet of lib/autodiff): the
// gradients of convolutions and fully connected layers by what they take and by their weights. Gradients are
// f32; weights and what a layer took stay as they are stored (i8 or f32). Without floats they are i16
// mantissas, and what sums gives i32 (integer_gradient.cpp).
#include "ir/operators.h"
#include "ir/operators/spatial.h"

namespace frugal::ir {
namespace {

using List = std::vector<std::int64_t>;

// "size": the shape behind the batch of what the layer took, [C, H, W], [C, L] or [features].
Dims taken(const Call& call) {
  if (call.shape(0).empty()) throw RuleError("needs a gradient of [N, …]");
  Dims shape{call.shape(0)[0]};
  for (const std::int64_t size : call.integers("size")) shape.push_back(size);
  return shape;
}

// The same of a window, which must lead from that shape to the gradient's.
Dims taken_by_window(const Call& call) {
  const Dims shape = taken(call), &gradient = call.shape(0);
  if (gradient.size() < 3 || slide(shape, call, gradient[1]) != gradient)
    throw RuleError(words("its window over ", shape, " does not give ", gradient));
  return shape;
}

const std::vector<AttributeSpec>& size_attribute() {
  static const std::vector<AttributeSpec> specs{{"size", List{}, true, 1}};
  return specs;
}

std::int64_t macs_of_conv(const Call& call, const Dims& gradient, std::int64_t in_each) {
  std::int64_t area = 1;
  for (const std::int64_t size : call.integers("kernel")) area *= size;
  return elements(gradient) * in_each * area;
}

Operator input_gradient(const char* name, const char* help, std::size_t inputs, Dims (*shape)(const Call&),
                        const std::vector<AttributeSpec>& attributes,
                        std::int64_t (*macs)(const Call&, const Dims&)) {
  return {.name = name,
          .help = help,
          .least_inputs = inputs,
          .most_inputs = inputs,
          .attributes = joined(size_attribute(), attributes),
          .shape = shape,
          .onnx = nullptr,
          .macs = macs,
          .output_type = DataType::float32};
}

const Operator conv_input_gradient = input_gradient(
    "conv_input_gradient", "of conv by what it takes: (gradient of the output, weight)", 2, taken_by_window,
    joined({{"groups", std::int64_t{1}, false, 1}}, window_attributes()),
    [](const Call& call, const Dims&) { return macs_of_conv(call, call.shape(0), call.shape(1)[1]); });

const Operator depthwise_input_gradient = input_gradient(
    "depthwise_input_gradient", "of depthwise_conv by what it takes: (gradient of the output, weight)", 2,
    taken_by_window, window_attributes(),
    [](const Call& call, const Dims&) { return macs_of_conv(call, call.shape(0), 1); });

// passes/in_place.h puts it where the other stands.
const Operator depthwise_input_gradient_in_place = [] {
  Operator same = input_gradient(
      "depthwise_input_gradient_in_place",
      "depthwise_input_gradient of stride 1, a few channels at a time, where the gradient lay", 2,
      [](const Call& call) {
        const Dims taken = taken_by_window(call);
        if (taken != call.shape(0)) throw RuleError(words("gives ", taken, " for ", call.shape(0)));
        return taken;
      },
      window_attributes(),
      [](const Call& call, const Dims&) { return macs_of_conv(call, call.shape(0), 1); });
  same.in_place = true;
  return same;
}();

const Operator fully_connected_input_gradient = input_gradient(
    "fully_connected_input_gradient", "of fully_connected by what it takes: (gradient of the output, weight)",
    2, taken, {}, [](const Call& call, const Dims&) { return elements(call.shape(0)) * call.shape(1)[1]; });

// "channels": the input channels whose weights are trained; all where it is empty.
std::int64_t trained_channels(const Call& call, std::int64_t all) {
  const List& channels = call.integers("channels");
  for (std::size_t i = 0; i < channels.size(); ++i) {
    if (channels[i] >= all || (i > 0 && channels[i] <= channels[i - 1]))
      throw RuleError(words("'channels' must rise and stay below ", all));
  }
  return channels.empty() ? all : static_cast<std::int64_t>(channels.size());
}

// passes/split.h puts it where the other stands.
const Operator conv_input_gradient_of_parts{
    .name = "conv_input_gradient_of_parts",
    .help =
        "conv_input_gradient by a weight whose trained channels (of the input) stand apart: (gradient of the "
        "output, weight, its trained channels)",
    .least_inputs = 3,
    .most_inputs = 3,
    .attributes = joined({{"channels", List{}, true}, {"size", List{}, true, 1}}, window_attributes()),
    .shape =
        [](const Call& call) {
          Dims part = call.shape(1);
          if (part.size() < 2) throw RuleError("takes a weight");
          part[1] = trained_channels(call, part[1]);
          if (call.shape(2) != part)
            throw RuleError(words("takes trained channels of ", part, ", got ", call.shape(2)));
          return taken_by_window(call);
        },
    .onnx = nullptr,
    .macs = [](const Call& call, const Dims&) { return macs_of_conv(call, call.shape(0), call.shape(1)[1]); },
    .output_type = DataType::float32,
};

Dims with_kernel(const Call& call, std::int64_t out, std::int64_t in_each) {
  Dims shape{out, in_each};
  for (const std::int64_t size : call.integers("kernel")) shape.push_back(size);
  return shape;
}

Operator weight_gradient(const char* name, const char* help, const std::vector<AttributeSpec>& attributes,
                         Dims (*shape)(const Call&), std::int64_t (*macs)(const Call&, const Dims&)) {
  return {.name = name,
          .help = help,
          .least_inputs = 2,
          .most_inputs = 2,
          .attributes = joined({{"channels", List{}}}, attributes),
          .shape = shape,
          .onnx = nullptr,
          .macs = macs,
          .output_type = DataType::float32};
}

const Operator conv_weight_gradient = weight_gradient(
    "conv_weight_gradient", "of conv by its weight: (what it took, gradient of the output)",
    joined({{"groups", std::int64_t{1}, false, 1}}, window_attributes()),
    [](const Call& call) {
      const std::int64_t in_each = call.shape(0)[1] / call.integer("groups");
      return with_kernel(call, call.shape(1)[1], trained_channels(call, in_each));
    },
    [](const Call& call, const Dims& out) { return macs_of_conv(call, call.shape(1), out[1]); });

const Operator depthwise_weight_gradient = weight_gradient(
    "depthwise_weight_gradient", "of depthwise_conv by its weight: (what it took, gradient of the output)",
    window_attributes(),
    [](const Call& call) { return with_kernel(call, trained_channels(call, call.shape(1)[1]), 1); },
    [](const Call& call, const Dims& out) {
      return macs_of_conv(call, call.shape(1), 1) / call.shape(1)[1] * out[0];
    });

const Operator fully_connected_weight_gradient = weight_gradient(
    "fully_connected_weight_gradient",
    "of fully_connected by its weight: (what it took, gradient of the output)", {},
    [](const Call& call) {
      return Dims{call.shape(1).back(), trained_channels(call, call.shape(0).back())};
    },
    [](const Call& call, const Dims& out) { return elements(call.shape(1)) * out[1]; });

const Operator average_pool_input_gradient = input_gradient(
    "average_pool_input_gradient", "of average_pool by what it takes: (gradient of the output)", 1,
    taken_by_window, window_attributes(), nullptr);

const Operator global_average_pool_input_gradient = input_gradient(
    "global_average_pool_input_gradient", "of global_average_pool by what it takes: (gradient of the output)",
    1, taken, {}, nullptr);

const Operator max_pool_input_gradient{
    .name = "max_pool_input_gradient",
    .help =
        "of max_pool by what it takes, to the first largest value: (what it took, gradient of the output)",
    .least_inputs = 2,
    .most_inputs = 2,
    .attributes = window_attributes(),
    .shape = same_shape,
    .onnx = nullptr,
    .output_type = DataType::float32,
};

const Operator rescale_gradient{
    .name = "rescale_gradient",
    .help =
        "gradient · factor, one a channel or one for all; 0 where a mask says clamped: "
        "(gradient, factor, mask?)",
    .least_inputs = 2,
    .most_inputs = 3,
    .attributes = {},
    .shape =
        [](const Call& call) {
          const Dims &g = call.shape(0), &factor = call.shape(1);
          const bool fits = g.size() >= 2 && factor.size() == 1 && (factor[0] == 1 || factor[0] == g[1]);
          if (!fits) throw RuleError(words("takes a factor of [1] or a channel, got ", factor, " for ", g));
          if (call.inputs.size() == 3 && (call.input(2).type != DataType::bit || call.shape(2) != g))
            throw RuleError("takes a mask of a bit an element");
          return g;
        },
    .onnx = nullptr,
    .in_place = true,
    .output_type = DataType::float32,
};

const Operator channel_sum{
    .name = "channel_sum",
    .help = "sum of each channel over batch and pixels: the gradient of a bias",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = {},
    .shape =
        [](const Call& call) {
          if (call.shape(0).size() < 2) throw RuleError("needs channels: [N, C, …]");
          return Dims{call.shape(0)[1]};
        },
    .onnx = nullptr,
    .output_type = DataType::float32,
};

// The gradient of a product by one of its inputs is of the other: "size", the shape behind the batch of the
// first.
const Operator mul_input_gradient = input_gradient(
    "mul_input_gradient", "of mul by an input of the output's shape: (gradient of the output, other input)",
    2,
    [](const Call& call) {
      if (call.shape(1).size() != call.shape(0).size() || taken(call) != call.shape(0))
        throw RuleError("needs the gradient's own shape");
      return call.shape(0);
    },
    {}, nullptr);

// [N, C, …] to [N, C, 1, …].
Dims one_a_channel(const Call& call) {
  Dims shape = call.shape(0);
  if (shape.size() < 2) throw RuleError("needs channels: [N, C, …]");
  for (std::size_t i = 2; i < shape.size(); ++i) shape[i] = 1;
  return shape;
}

Operator channel_gradient(const char* name, const char* help, std::size_t inputs,
                          Dims (*shape)(const Call&)) {
  return {.name = name,
          .help = help,
          .least_inputs = inputs,
          .most_inputs = inputs,
          .attributes = {},
          .shape = shape,
          .onnx = nullptr,
          .output_type = DataType::float32};
}

const Operator mul_channel_gradient =
    channel_gradient("mul_channel_gradient",
                     "of mul by an input of one number a channel: (gradient of the output, other input)", 2,
                     [](const Call& call) {
                       if (call.shape(0) != call.shape(1)) throw RuleError("takes two tensors of one shape");
                       return one_a_channel(call);
                     });

const Operator pixel_sum =
    channel_gradient("pixel_sum", "sum of each channel over its pixels: [N, C, 1, 1]", 1, one_a_channel);

const Operator lookup_gradient = channel_gradient(
    "lookup_gradient", "of an activation of one i8 number: (what it took, gradient, slope of each of 256)", 3,
    [](const Call& call) {
      if (call.shape(0) != call.shape(1) || call.shape(2) != Dims{256})
        throw RuleError("takes two tensors of one shape and 256 slopes");
      return call.shape(0);
    });

}  // namespace

OperatorTable gradients() {
  return {&mul_input_gradient,
          &mul_channel_gradient,
          &pixel_sum,
          &lookup_gradient,
          &conv_input_gradient,
          &conv_input_gradient_of_parts,
          &conv_weight_gradient,
          &depthwise_input_gradient,
          &depthwise_input_gradient_in_place,
          &depthwise_weight_gradient,
          &fully_connected_input_gradient,
          &fully_connected_weight_gradient,
          &average_pool_input_gradient,
          &global_average_pool_input_gradient,
          &max_pool_input_gradient,
          &rescale_gradient,
          &channel_sum};
}

}  // namespace frugal::ir
