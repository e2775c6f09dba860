// Activations, element by element, and softmax.
#include "ir/operators.h"
#include "ir/operators/spatial.h"

namespace frugal::ir {
namespace {

Operator element_wise(const char* name, const char* help, OnnxForm (*onnx)(const Call&)) {
  return {.name = name,
          .help = help,
          .least_inputs = 1,
          .most_inputs = 1,
          .attributes = {},
          .shape = same_shape,
          .onnx = onnx,
          .in_place = true};
}

const Operator relu = element_wise("relu", "max(x, 0)", [](const Call&) { return OnnxForm{"Relu", {}}; });
const Operator relu6 = element_wise("relu6", "min(max(x, 0), 6)", [](const Call&) {
  return OnnxForm{"Clip", {}, {{"low", 0.0F}, {"high", 6.0F}}};
});
const Operator h_swish = element_wise("h_swish", "x · relu6(x + 3) / 6", [](const Call&) {
  return OnnxForm{"HardSwish", {}};
});
const Operator h_sigmoid = element_wise("h_sigmoid", "relu6(x + 3) / 6", [](const Call&) {
  return OnnxForm{"HardSigmoid", {{"alpha", 1.0 / 6}, {"beta", 0.5}}};
});
const Operator sigmoid = element_wise("sigmoid", "1 / (1 + exp(−x))", [](const Call&) {
  return OnnxForm{"Sigmoid", {}};
});
const Operator tanh = element_wise("tanh", "hyperbolic tangent", [](const Call&) {
  return OnnxForm{"Tanh", {}};
});

const Operator softmax{
    .name = "softmax",
    .help = "exp(x) / Σ exp(x) over the last axis",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = integer_attributes(),
    .shape = same_shape,
    .onnx =
        [](const Call&) {
          return OnnxForm{"Softmax", {{"axis", std::int64_t{-1}}}};
        },
    .in_place = true,
};

}  // namespace

OperatorTable activations() { return {&relu, &relu6, &h_swish, &h_sigmoid, &sigmoid, &tanh, &softmax}; }

}  // namespace frugal::ir
