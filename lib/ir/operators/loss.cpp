// Losses: the mean over the batch, one number.
#include "ir/operators.h"

namespace frugal::ir {
namespace {

const Operator cross_entropy{
    .name = "cross_entropy",
    .help = "−log softmax(logits)[label], mean over the batch: [N, classes] and i32 [N]",
    .least_inputs = 2,
    .most_inputs = 2,
    .attributes = {},
    .shape =
        [](const Call& call) {
          const Dims &logits = call.shape(0), &labels = call.shape(1);
          if (logits.size() != 2 || labels != Dims{logits[0]} || call.input(1).type != DataType::int32) {
            throw RuleError(words("takes logits [N, classes] and labels i32 [N], got ", logits, " and ",
                                  name_of(call.input(1).type), " ", labels));
          }
          return Dims{};
        },
    .onnx =
        [](const Call&) {
          return OnnxForm{"SoftmaxCrossEntropyLoss", {{"reduction", std::string("mean")}}};
        },
    .output_type = DataType::float32,
};

const Operator cross_entropy_gradient{
    .name = "cross_entropy_gradient",
    .help = "(softmax(logits) − one-hot label) / N: the gradient of cross_entropy by its logits",
    .least_inputs = 2,
    .most_inputs = 2,
    .attributes = {},
    .shape =
        [](const Call& call) {
          cross_entropy.shape(call);
          return call.shape(0);
        },
    .onnx = nullptr,
    .output_type = DataType::float32,
};

const Operator mean_squared_error{
    .name = "mean_squared_error",
    .help = "(x − target)², mean over all elements; of real numbers, where they are stored as int8",
    .least_inputs = 2,
    .most_inputs = 2,
    .attributes = {},
    .shape =
        [](const Call& call) {
          if (call.shape(0) != call.shape(1)) throw RuleError("takes two tensors of one shape");
          return Dims{};
        },
    .onnx = nullptr,
    .output_type = DataType::float32,
};

const Operator mean_squared_error_gradient{
    .name = "mean_squared_error_gradient",
    .help = "2·(x − target) / elements: the gradient of mean_squared_error by x, by its numbers as stored",
    .least_inputs = 2,
    .most_inputs = 2,
    .attributes = {},
    .shape =
        [](const Call& call) {
          mean_squared_error.shape(call);
          return call.shape(0);
        },
    .onnx = nullptr,
    .output_type = DataType::float32,
};

}  // namespace

OperatorTable losses() {
  return {&cross_entropy, &mean_squared_error, &cross_entropy_gradient, &mean_squared_error_gradient};
}

}  // namespace frugal::ir
