// Between float and integers: real = scale · (stored − zero_point), as the tensors' quantisation says.
#include "ir/operators.h"
#include "ir/operators/spatial.h"

namespace frugal::ir {
namespace {

const Operator quantize{
    .name = "quantize",
    .help = "f32 to i8: round(x / scale) + zero point, clamped; halves to the even number, tflite: from zero",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = {{"rounding", std::string()}},
    .shape = same_shape,
    .onnx = nullptr,
    .output_type = DataType::int8,
};

const Operator dequantize{
    .name = "dequantize",
    .help = "i8 to f32: scale · (x − zero point)",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = {},
    .shape =
        [](const Call& call) {
          if (!call.input(0).quantization) throw RuleError("needs a quantised tensor");
          return call.shape(0);
        },
    .onnx = nullptr,
    .output_type = DataType::float32,
};

const Operator requantize{
    .name = "requantize",
    .help = "i8 to i8 of another scale and zero point",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = integer_attributes(),
    .shape = same_shape,
    .onnx = nullptr,
    .saturates = true,
};

}  // namespace

OperatorTable number_formats() { return {&quantize, &dequantize, &requantize}; }

}  // namespace frugal::ir
