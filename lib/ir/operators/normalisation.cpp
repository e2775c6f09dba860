// Batch norm as it is learnt: scale and shift are parameters, running mean and variance a state. In
// evaluation it is folded into the convolution before it.
#include "ir/operators.h"

namespace frugal::ir {
namespace {

const Operator batch_norm{
    .name = "batch_norm",
    .help = "every channel to mean 0 and variance 1 over the batch, then scaled and shifted",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = {{"eps", 1e-5}, {"momentum", 0.1}},
    .shape =
        [](const Call& call) {
          if (call.shape(0).size() < 2) throw RuleError("needs channels: [N, C, …]");
          return call.shape(0);
        },
    .onnx =
        [](const Call& call) {
          return OnnxForm{"BatchNormalization", {{"epsilon", call.real("eps")}}};
        },
    .parameters =
        [](const Call& call) {
          const Dims channels{call.shape(0)[1]};
          return std::vector<ParameterSpec>{{"weight", channels},
                                            {"bias", channels},
                                            {"running_mean", channels, Role::state},
                                            {"running_var", channels, Role::state}};
        },
    .in_place = true,
};

}  // namespace

OperatorTable normalisations() { return {&batch_norm}; }

}  // namespace frugal::ir
