// Convolutions over images and sequences; weights [out, in / groups, kernel…] as PyTorch and ONNX have them.
#include "ir/operators.h"
#include "ir/operators/spatial.h"

namespace frugal::ir {
namespace {

std::vector<AttributeSpec> with_window(const std::vector<AttributeSpec>& own) {
  return joined(joined(own, window_attributes()), integer_attributes());
}

std::vector<ParameterSpec> weight_and_bias(const Call& call, std::int64_t out, std::int64_t in_each) {
  Dims weight{out, in_each};
  for (const std::int64_t size : call.integers("kernel")) weight.push_back(size);
  std::vector<ParameterSpec> specs{{"weight", weight}};
  if (call.flag("bias")) specs.push_back({"bias", {out}});
  return specs;
}

std::int64_t kernel_area(const Call& call) { return elements(call.integers("kernel")); }

std::int64_t depthwise_channels(const Call& call) { return call.shape(0)[1] * call.integer("multiplier"); }

const Operator conv{
    .name = "conv",
    .help = "convolution in one or two dimensions, in groups",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = with_window({{"out_channels", std::int64_t{1}, true, 1},
                               {"groups", std::int64_t{1}, false, 1},
                               {"bias", std::int64_t{0}}}),
    .shape =
        [](const Call& call) {
          const Dims out = slide(call, call.integer("out_channels"));
          const std::int64_t groups = call.integer("groups"), in = call.shape(0)[1];
          if (in % groups != 0 || out[1] % groups != 0) {
            throw RuleError(words(groups, " groups do not divide ", in, " and ", out[1], " channels"));
          }
          return out;
        },
    .onnx =
        [](const Call& call) {
          OnnxForm form = window_form("Conv", call);
          form.attributes.emplace_back("group", call.integer("groups"));
          return form;
        },
    .parameters =
        [](const Call& call) {
          return weight_and_bias(call, call.integer("out_channels"),
                                 call.shape(0)[1] / call.integer("groups"));
        },
    .macs =
        [](const Call& call, const Dims& out) {
          return elements(out) * (call.shape(0)[1] / call.integer("groups")) * kernel_area(call);
        },
    .saturates = true,
};

const Operator depthwise_conv{
    .name = "depthwise_conv",
    .help = "each channel convolved alone, into `multiplier` channels",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = with_window({{"multiplier", std::int64_t{1}, false, 1}, {"bias", std::int64_t{0}}}),
    .shape =
        [](const Call& call) {
          if (call.shape(0).size() < 3) throw RuleError("needs [N, C, L] or [N, C, H, W]");
          return slide(call, depthwise_channels(call));
        },
    .onnx =
        [](const Call& call) {
          OnnxForm form = window_form("Conv", call);
          form.attributes.emplace_back("group", call.shape(0)[1]);
          return form;
        },
    .parameters = [](const Call& call) { return weight_and_bias(call, depthwise_channels(call), 1); },
    .macs = [](const Call& call, const Dims& out) { return elements(out) * kernel_area(call); },
    .saturates = true,
};

}  // namespace

OperatorTable convolutions() { return {&conv, &depthwise_conv}; }

}  // namespace frugal::ir
