// Pools. The mean of a window counts no padding.
#include "ir/operators.h"
#include "ir/operators/spatial.h"

namespace frugal::ir {
namespace {

Dims pooled(const Call& call) {
  if (call.shape(0).size() < 3) throw RuleError("needs [N, C, L] or [N, C, H, W]");
  const std::vector<std::int64_t>&kernel = call.integers("kernel"), &padding = call.integers("padding");
  const Dims out = slide(call, call.shape(0)[1]);
  for (std::size_t side = 0; side < padding.size(); ++side) {
    if (padding[side] >= kernel[side % kernel.size()]) throw RuleError("has a window of padding alone");
  }
  return out;
}

const Operator max_pool{
    .name = "max_pool",
    .help = "largest value of each window",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = joined(window_attributes(), integer_attributes()),
    .shape = pooled,
    .onnx = [](const Call& call) { return window_form("MaxPool", call); },
};

const Operator average_pool{
    .name = "average_pool",
    .help = "mean of each window",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = joined(window_attributes(), integer_attributes()),
    .shape = pooled,
    .onnx =
        [](const Call& call) {
          OnnxForm form = window_form("AveragePool", call);
          std::erase_if(form.attributes, [](const auto& entry) { return entry.first == "dilations"; });
          form.attributes.emplace_back("count_include_pad", std::int64_t{0});
          return form;
        },
};

const Operator global_average_pool{
    .name = "global_average_pool",
    .help = "mean of each channel",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = integer_attributes(),
    .shape =
        [](const Call& call) {
          Dims out = call.shape(0);
          if (out.size() < 3) throw RuleError("needs [N, C, L] or [N, C, H, W]");
          for (std::size_t i = 2; i < out.size(); ++i) out[i] = 1;
          return out;
        },
    .onnx =
        [](const Call&) {
          return OnnxForm{"GlobalAveragePool", {}};
        },
};

}  // namespace

OperatorTable pools() { return {&max_pool, &average_pool, &global_average_pool}; }

}  // namespace frugal::ir
