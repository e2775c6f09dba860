// Networks on integers as ONNX: read back they are the same, number by number.
#include "network/quantized_onnx.h"

#include "ir/integer_scale.h"
#include "network/import/stored_input.h"
#include "quant/head.h"
#include "quant/integer_network.h"
#include "quant/program.h"
#include "support/message_of.h"
#include "support/onnx_import.h"
#include "support/random_network.h"
#include "support/test.h"

using namespace frugal;

namespace {

// ONNX has scales in float32.
ir::Model with_short_scales(ir::Model model) {
  for (ir::Tensor& tensor : model.graph.tensors) {
    if (!tensor.quantization) continue;
    for (double& scale : tensor.quantization->scale) scale = static_cast<float>(scale);
  }
  return model;
}

// Of an input that is stored or real.
std::vector<float> logits(const ir::Model& model, std::span<const std::int8_t> stored,
                          const ir::Tensor& input) {
  const quant::Program program(model, "net");
  const quant::Parameters parameters(model, program.layouts());
  quant::Workspace workspace(program, parameters);
  const ir::TensorId in = model.graph.inputs.front();
  if (model.graph.tensor(in).type == ir::DataType::int8) {
    program.put<std::int8_t>(workspace, in, stored);
  } else {
    std::vector<float> real;
    for (const std::int8_t one : stored)
      real.push_back(static_cast<float>(ir::scale_of(input)) *
                     static_cast<float>(one - ir::zero_point_of(input)));
    program.put<float>(workspace, in, real);
  }
  program.run(workspace, ir::whole(program.graph()));
  return program.get<float>(workspace, model.graph.outputs.front());
}

}  // namespace

TEST_CASE("a random network on integers is written as ONNX and read back with the same logits", "[network]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const ir::Model model = with_short_scales(test::random_network(seed, "float32-half-even"));
    const ir::Tensor& input = model.graph.tensor(model.graph.inputs.front());
    const ir::Model again = test::import_model(network::to_quantized_onnx(model, "net"));
    const quant::Samples samples = test::random_samples(seed, model.graph, 3);
    // As load_model gives it: what adapt and compile train.
    const ir::Model stored = network::with_stored_input(again);
    const ir::Tensor& in = stored.graph.tensor(stored.graph.inputs.front());
    INFO("seed " << seed);
    CHECK(in.type == ir::DataType::int8);
    CHECK(in.quantization == input.quantization);
    CHECK_NOTHROW(ir::verify(stored, "net"));
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const std::vector<float> expected = logits(model, samples.image(i), input);
      CHECK(logits(again, samples.image(i), input) == expected);
      CHECK(logits(stored, samples.image(i), input) == expected);
    }
  }
}

TEST_CASE("a network in whole numbers is written with its head in float", "[network]") {
  const ir::Model model = quant::with_integer_head(test::random_network(3, "integer"), "net");
  const ir::Model again = test::import_model(network::to_quantized_onnx(model, "net"));
  CHECK(again.graph.tensor(again.graph.outputs.front()).type == ir::DataType::float32);
  CHECK(again.graph.tensor(again.graph.outputs.front()).shape ==
        model.graph.tensor(model.graph.outputs.front()).shape);
}

TEST_CASE("what has no form in ONNX is refused by its name", "[network]") {
  ir::Model tokens = test::random_network(1, "float32-half-even");
  tokens.graph.tensor(tokens.graph.inputs.front()).type = ir::DataType::int32;
  CHECK(test::message_of([&] { network::to_quantized_onnx(tokens, "net"); }) ==
        "net: image: has an input that is no int8: not written as ONNX");
}
