// Parameters as devices keep them: the update of one as a node, and one of which a part is trained.
//
// What an update gives is the parameter with its change, in the same memory.
// Whoever orders nodes keeps it behind every other reader of the parameter.
#include <cmath>

#include "ir/operators.h"
#include "ir/operators/spatial.h"

namespace frugal::ir {
namespace {

using List = std::vector<std::int64_t>;

// channels: the trained ones (of the input; depthwise: of the output), all where it is empty. place: of the
// first number in the order of all that is trained, from which stochastic rounding draws.
const std::vector<AttributeSpec>& attributes() {
  static const std::vector<AttributeSpec> specs{{"channels", List{}},
                                                {"depthwise", std::int64_t{0}},
                                                {"place", std::int64_t{0}},
                                                {"storage", std::string("stochastic")}};
  return specs;
}

void check(const Call& call) {
  Dims wanted = call.shape(0);
  const auto trained = static_cast<std::int64_t>(call.integers("channels").size());
  if (trained > 0) {
    if (wanted.size() < 2) throw RuleError("trains a part of a bias");
    wanted[call.flag("depthwise") ? 0 : 1] = trained;
  }
  if (call.shape(1) != wanted)
    throw RuleError(words("takes a gradient of ", wanted, ", got ", call.shape(1)));
  const std::string& storage = call.text("storage");
  if (storage != "stochastic" && storage != "nearest")
    throw RuleError("stores 'stochastic' or 'nearest', not '" + storage + "'");
}

void check_scalar(const Call& call, std::size_t i, DataType type, const Dims& shape, const char* what) {
  if (call.input(i).type != type || call.shape(i) != shape)
    throw RuleError(words("takes ", what, " as ", name_of(type), " ", shape));
}

// Input `whole` is a weight; the one behind it are those of its channels on `axis` that are trained.
void check_part(const Call& call, std::size_t whole, std::size_t axis) {
  Dims wanted = call.shape(whole);
  if (wanted.size() < 2) throw RuleError("takes a weight");
  for (const std::int64_t channel : call.integers("channels")) {
    if (channel >= wanted[axis]) throw RuleError(words("channel ", channel, " is none of ", wanted[axis]));
  }
  wanted[axis] = static_cast<std::int64_t>(call.integers("channels").size());
  if (call.shape(whole + 1) != wanted || call.input(whole + 1).type != call.input(whole).type)
    throw RuleError(words("takes trained channels of ", wanted, ", got ", call.shape(whole + 1)));
}

const Operator update{
    .name = "update",
    .help =
        "parameter − rate · factor · gradient, rounded as storage says: (parameter, gradient, rate), and of "
        "what is stored in integers (…, factor an output channel, seed); of a bias with a numerator the "
        "factors "
        "are numerator / scale², and the scales are given",
    .least_inputs = 3,
    .most_inputs = 5,
    .attributes = joined(attributes(), {{"numerator", 0.0}}),
    .shape =
        [](const Call& call) {
          check(call);
          check_scalar(call, 2, DataType::float32, {1}, "a rate");
          if (call.inputs.size() == 4) throw RuleError("takes a seed with its factors");
          if (call.inputs.size() == 5) {
            check_scalar(call, 3, DataType::float32, {call.shape(0)[0]}, "a factor an output channel");
            check_scalar(call, 4, DataType::int32, {1}, "a seed");
          }
          const double numerator = call.real("numerator");
          if (!std::isfinite(numerator) || numerator < 0 ||
              (numerator > 0 && (call.inputs.size() != 5 || call.input(0).type != DataType::int32)))
            throw RuleError(words("has a numerator for a bias in int32 alone, above 0"));
          return call.shape(0);
        },
    .onnx = nullptr,
    .in_place = true,
};

const Operator update_integer{
    .name = "update_integer",
    .help =
        "the same without floats: (parameter, mantissas, exponent, step an output channel [channels, 2], "
        "rate [2], seed)",
    .least_inputs = 6,
    .most_inputs = 6,
    .attributes = attributes(),
    .shape =
        [](const Call& call) {
          check(call);
          check_scalar(call, 2, DataType::int32, {1}, "an exponent");
          check_scalar(call, 3, DataType::int32, {call.shape(0)[0], 2}, "a step an output channel");
          check_scalar(call, 4, DataType::int32, {2}, "a rate");
          check_scalar(call, 5, DataType::int32, {1}, "a seed");
          return call.shape(0);
        },
    .onnx = nullptr,
    .in_place = true,
};

// channels: of the input, those that are trained. The weight has them alone, or all.
const Operator conv_weight_update{
    .name = "conv_weight_update",
    .help =
        "conv_weight_gradient and update, a few output channels at a time: (weight, what the layer took, "
        "gradient "
        "of the output, rate, factor an output channel, seed)",
    .least_inputs = 6,
    .most_inputs = 6,
    .attributes = joined(attributes(), window_attributes()),
    .shape =
        [](const Call& call) {
          const auto channels = static_cast<std::int64_t>(call.integers("channels").size());
          const std::int64_t in = call.shape(1).size() == 4 ? call.shape(1)[1] : 0;
          Dims wanted{call.shape(2).size() == 4 ? call.shape(2)[1] : 0, in};
          for (const std::int64_t size : call.integers("kernel")) wanted.push_back(size);
          Dims apart = wanted;
          if (channels > 0) apart[1] = channels;
          if (call.shape(0) != wanted && call.shape(0) != apart)
            throw RuleError(words("takes a weight of ", wanted, ", got ", call.shape(0)));
          check_scalar(call, 3, DataType::float32, {1}, "a rate");
          check_scalar(call, 4, DataType::float32, {call.shape(0)[0]}, "a factor an output channel");
          check_scalar(call, 5, DataType::int32, {1}, "a seed");
          return call.shape(0);
        },
    .onnx = nullptr,
    .macs =
        [](const Call& call, const Dims& weight) {
          const auto trained = static_cast<std::int64_t>(call.integers("channels").size());
          const std::int64_t each = elements(weight) / weight[0] / weight[1];
          return elements(call.shape(2)) * each * (trained > 0 ? trained : weight[1]);
        },
    .in_place = true,
};

const Operator with_channels{
    .name = "with_channels",
    .help =
        "a weight whose trained channels (of the input; depthwise: of the output) stand apart: "
        "(weight, its trained channels)",
    .least_inputs = 2,
    .most_inputs = 2,
    .attributes = {{"channels", List{}, true}, {"depthwise", std::int64_t{0}}},
    .shape =
        [](const Call& call) {
          check_part(call, 0, call.flag("depthwise") ? 0 : 1);
          return call.shape(0);
        },
    .onnx = nullptr,
};

// passes/split.h puts it where a conv stands.
const Operator conv_of_parts{
    .name = "conv_of_parts",
    .help =
        "conv without groups by a weight whose trained channels (of the input) stand apart: (input, weight, "
        "its trained channels, bias?)",
    .least_inputs = 3,
    .most_inputs = 4,
    .attributes = joined(joined({{"channels", List{}, true}}, window_attributes()), integer_attributes()),
    .shape =
        [](const Call& call) {
          const Dims& weight = call.shape(1);
          Dims wanted{weight.size() < 2 ? 0 : weight[0], call.shape(0).size() < 2 ? 0 : call.shape(0)[1]};
          for (const std::int64_t size : call.integers("kernel")) wanted.push_back(size);
          if (weight != wanted) throw RuleError(words("takes a weight of ", wanted, ", got ", weight));
          check_part(call, 1, 1);
          if (call.inputs.size() > 3 && call.shape(3) != Dims{weight[0]})
            throw RuleError(words("takes a bias of ", weight[0], " numbers, got ", call.shape(3)));
          return slide(call, weight[0]);
        },
    .onnx = nullptr,
    .macs = [](const Call& call,
               const Dims& out) { return elements(out) / out[1] * elements(call.shape(1)); },
    .saturates = true,
};

}  // namespace

OperatorTable updates() {
  return {&update, &update_integer, &conv_weight_update, &with_channels, &conv_of_parts};
}

}  // namespace frugal::ir
