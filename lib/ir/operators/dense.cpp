// Fully connected layers and embeddings.
#include "ir/operators.h"
#include "ir/operators/spatial.h"

namespace frugal::ir {
namespace {

const Operator fully_connected{
    .name = "fully_connected",
    .help = "every output is a weighted sum of the last axis; weight [out, in]",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes =
        joined({{"out_features", std::int64_t{1}, true, 1}, {"bias", std::int64_t{1}}}, integer_attributes()),
    .shape =
        [](const Call& call) {
          Dims out = call.shape(0);
          if (out.size() < 2) throw RuleError(words("needs [N, …, features], got ", out));
          out.back() = call.integer("out_features");
          return out;
        },
    .onnx =
        [](const Call&) {
          return OnnxForm{"Gemm", {{"transB", std::int64_t{1}}}};
        },
    .parameters =
        [](const Call& call) {
          const std::int64_t out = call.integer("out_features");
          std::vector<ParameterSpec> specs{{"weight", {out, call.shape(0).back()}}};
          if (call.flag("bias")) specs.push_back({"bias", {out}});
          return specs;
        },
    .macs = [](const Call& call, const Dims& out) { return elements(out) * call.shape(0).back(); },
    .saturates = true,
};

const Operator embedding{
    .name = "embedding",
    .help =
        "a learnt vector a token: i32 [N, T] to [N, T, features], or, channels first, to [N, features, T]",
    .least_inputs = 1,
    .most_inputs = 1,
    .attributes = {{"vocabulary", std::int64_t{1}, true, 1},
                   {"features", std::int64_t{1}, true, 1},
                   {"channels_first", std::int64_t{0}}},
    .shape =
        [](const Call& call) {
          if (call.input(0).type != DataType::int32) throw RuleError("needs token numbers (i32)");
          Dims out = call.shape(0);
          if (call.flag("channels_first") && out.size() != 2) throw RuleError("needs [N, T]");
          out.insert(call.flag("channels_first") ? out.begin() + 1 : out.end(), call.integer("features"));
          return out;
        },
    .onnx =
        [](const Call& call) {
          if (call.flag("channels_first")) throw RuleError("channels first is two nodes of ONNX");
          return OnnxForm{"Gather", {{"axis", std::int64_t{0}}}};
        },
    .parameters =
        [](const Call& call) {
          return std::vector<ParameterSpec>{
              {"weight", {call.integer("vocabulary"), call.integer("features")}}};
        },
    .output_type = DataType::float32,
};

}  // namespace

OperatorTable dense_operators() { return {&fully_connected, &embedding}; }

}  // namespace frugal::ir
