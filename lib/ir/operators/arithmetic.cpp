// Sums and products of two tensors. The second may be one number a channel: [N, C, 1, 1].
#include "ir/operators.h"
#include "ir/operators/spatial.h"

namespace frugal::ir {
namespace {

Dims of_equal_shapes(const Call& call) {
  const Dims &a = call.shape(0), &b = call.shape(1);
  bool fits = a.size() == b.size();
  for (std::size_t i = 0; fits && i < a.size(); ++i) fits = b[i] == a[i] || (i >= 2 && b[i] == 1);
  if (!fits) throw RuleError(words("takes ", a, " and ", b, ", which do not fit together"));
  return a;
}

Operator of_two(const char* name, const char* help, OnnxForm (*onnx)(const Call&)) {
  return {.name = name,
          .help = help,
          .least_inputs = 2,
          .most_inputs = 2,
          .attributes = integer_attributes(),
          .shape = of_equal_shapes,
          .onnx = onnx,
          .in_place = true,
          .saturates = true};
}

const Operator add = of_two("add", "sum of two tensors", [](const Call&) { return OnnxForm{"Add", {}}; });
const Operator mul = of_two("mul", "product of two tensors, element by element", [](const Call&) {
  return OnnxForm{"Mul", {}};
});

}  // namespace

OperatorTable arithmetic() { return {&add, &mul}; }

}  // namespace frugal::ir
