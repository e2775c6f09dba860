// What a backward pass without floats needs besides (ops/integer.h): gradients are i16 mantissas with one
// exponent, an i32 [1]; sums are i32. The operators of gradient.cpp take and give them too.
#include "ir/operators.h"
#include "ir/operators/spatial.h"

namespace frugal::ir {
namespace {

constexpr std::int64_t least_shift = -10000;  // of scales a float64 has

bool is_exponent(const Tensor& tensor) { return tensor.type == DataType::int32 && tensor.shape == Dims{1}; }

void need_exponent(const Call& call, std::size_t i) {
  if (!is_exponent(call.input(i))) throw RuleError(words("takes an exponent, i32 [1], in place ", i));
}

void need(const Call& call, std::size_t i, DataType type) {
  if (call.input(i).type != type)
    throw RuleError(words("takes ", name_of(type), " in place ", i, ", got ", name_of(call.input(i).type)));
}

const Operator mask_gradient{
    .name = "mask_gradient",
    .help = "0 where a mask says clamped: (mantissas, mask)",
    .least_inputs = 2,
    .most_inputs = 2,
    .attributes = {},
    .shape =
        [](const Call& call) {
          need(call, 0, DataType::int16);
          if (call.input(1).type != DataType::bit || call.shape(1) != call.shape(0))
            throw RuleError("takes a mask of a bit an element");
          return call.shape(0);
        },
    .onnx = nullptr,
    .in_place = true,
};

const Operator shared_exponent{
    .name = "shared_exponent",
    .help = "the exponent at which the largest sum fits a mantissa: (sums, exponent of what was summed?)",
    .least_inputs = 1,
    .most_inputs = 2,
    .attributes = {},
    .shape =
        [](const Call& call) {
          need(call, 0, DataType::int32);
          if (call.inputs.size() > 1) need_exponent(call, 1);
          return Dims{1};
        },
    .onnx = nullptr,
    .output_type = DataType::int32,
};

const Operator narrow{
    .name = "narrow",
    .help = "sums as mantissas, rounded: (sums, their exponent as mantissas, exponent of what was summed?)",
    .least_inputs = 2,
    .most_inputs = 3,
    .attributes = {},
    .shape =
        [](const Call& call) {
          need(call, 0, DataType::int32);
          for (std::size_t i = 1; i < call.inputs.size(); ++i) need_exponent(call, i);
          return call.shape(0);
        },
    .onnx = nullptr,
    .output_type = DataType::int16,
};

// Each of two gradients times factor · 2^shift, to the units of their sum.
std::vector<AttributeSpec> branches() {
  return {{"a_factor", std::int64_t{0}, true, 0},
          {"a_shift", std::int64_t{0}, true, least_shift},
          {"b_factor", std::int64_t{0}, true, 0},
          {"b_shift", std::int64_t{0}, true, least_shift}};
}

const Operator common_exponent{
    .name = "common_exponent",
    .help = "the exponent at which the sum of two gradients fits: (exponent, exponent)",
    .least_inputs = 2,
    .most_inputs = 2,
    .attributes = branches(),
    .shape =
        [](const Call& call) {
          need_exponent(call, 0);
          need_exponent(call, 1);
          return Dims{1};
        },
    .onnx = nullptr,
    .output_type = DataType::int32,
};

const Operator sum_gradients{
    .name = "sum_gradients",
    .help = "the sum of two gradients: (mantissas, exponent, mantissas, exponent, exponent of the sum)",
    .least_inputs = 5,
    .most_inputs = 5,
    .attributes = branches(),
    .shape =
        [](const Call& call) {
          need(call, 0, DataType::int16);
          need(call, 2, DataType::int16);
          for (const std::size_t i : {1, 3, 4}) need_exponent(call, i);
          if (call.shape(0) != call.shape(2)) throw RuleError("takes two gradients of one shape");
          return call.shape(0);
        },
    .onnx = nullptr,
    .output_type = DataType::int32,
};

}  // namespace

OperatorTable integer_gradients() {
  return {&mask_gradient, &shared_exponent, &narrow, &common_exponent, &sum_gradients};
}

}  // namespace frugal::ir
