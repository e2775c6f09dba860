// Float networks and what becomes of them, over random graphs: folding keeps the function, every int8 layer
// is its float layer rounded, and a finer range gives a smaller error.
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "in_float/network.h"
#include "in_float/tensors.h"
#include "ir/integer_scale.h"
#include "ir/operator.h"
#include "quant/convert/fold.h"
#include "quant/convert/to_int8.h"
#include "quant/program.h"
#include "support/float_model.h"
#include "support/message_of.h"
#include "support/test.h"

using namespace frugal;
using ir::TensorId;
using torch::Tensor;

namespace {

constexpr std::uint64_t seeds = 500;

std::size_t index(std::int32_t id) { return static_cast<std::size_t>(id); }

Tensor images_for(const ir::Model& model, std::uint64_t seed, std::int64_t count) {
  ir::Dims shape = model.graph.tensor(model.graph.inputs.front()).shape;
  shape[0] = count;
  Tensor images = torch::empty(shape);
  base::Random random(seed, "images");
  for (std::int64_t i = 0; i < images.numel(); ++i)
    images.data_ptr<float>()[i] = static_cast<float>(random.normal());
  return images;
}

// Only networks in float of one image; the random ones may take labels.
bool takes_one_image(const ir::Model& model) {
  return model.graph.inputs.size() == 1 && model.graph.nodes.back().output == model.graph.outputs.front();
}

// Least and largest values over the images, `wider` times.
std::vector<quant::ValueRange> seen_ranges(const ir::Model& folded, const Tensor& images, double wider) {
  std::vector<quant::ValueRange> ranges(folded.graph.tensors.size());
  const auto see = [&](TensorId id, const Tensor& value) {
    ranges[index(id)] = {wider * std::min(0.0, value.min().item<double>()),
                         wider * std::max(0.0, value.max().item<double>())};
  };
  see(folded.graph.inputs.front(), images);
  const in_float::Network network(folded);
  network(images, see);
  return ranges;
}

// The int8 network over one image, with all its values.
struct Ran {
  quant::Program program;
  quant::Parameters parameters;
  quant::Workspace workspace;

  Ran(const ir::Model& model, const Tensor& image)
      : program(model, "net", quant::Program::Memory::keep_all),
        parameters(model, program.layouts()),
        workspace(program, parameters) {
    const TensorId input = model.graph.inputs.front();
    std::vector<std::int8_t> stored;
    for (const float x : in_float::numbers_of(image)) {
      const double v = std::nearbyint(x / ir::scale_of(model.graph.tensor(input))) +
                       static_cast<double>(ir::zero_point_of(model.graph.tensor(input)));
      stored.push_back(static_cast<std::int8_t>(std::clamp(v, -128.0, 127.0)));
    }
    program.put<std::int8_t>(workspace, input, stored);
    program.run(workspace, ir::whole(program.graph()));
  }

  // In real numbers, of a value or a parameter.
  Tensor real(TensorId id) const {
    const ir::Tensor& tensor = program.graph().tensor(id);
    std::vector<double> values;
    const auto scaled = [&](const auto& stored) {
      for (std::size_t i = 0; i < stored.size(); ++i) {
        const ir::Quantization& q = *tensor.quantization;
        const std::size_t c = q.axis == ir::none ? 0 : i / (stored.size() / q.scale.size());
        values.push_back(q.scale[c] * (double(stored[i]) - double(q.zero_point[c])));
      }
    };
    if (tensor.type == ir::DataType::float32) {
      for (const float v : program.get<float>(workspace, id)) values.push_back(v);
    } else if (tensor.type == ir::DataType::int8) {
      scaled(program.get<std::int8_t>(workspace, id));
    } else {
      scaled(program.get<std::int32_t>(workspace, id));
    }
    return torch::tensor(values, torch::kFloat64).reshape(tensor.shape);
  }
};

double relative(const Tensor& given, const Tensor& wanted) {
  return ((given - wanted).norm() / (wanted.norm() + 1e-12)).item<double>();
}

// One node of the float graph over real numbers; sums and products are of two.
Tensor float_step(const ir::Graph& graph, ir::NodeId n, const std::vector<Tensor>& inputs) {
  const ir::Node& node = graph.nodes[index(n)];
  if (node.op->name == std::string("add")) return inputs[0] + inputs[1];
  if (node.op->name == std::string("mul")) return inputs[0] * inputs[1];
  std::vector<Tensor> parameters(graph.tensors.size());
  for (std::size_t i = 1; i < inputs.size(); ++i) parameters[index(node.inputs[i])] = inputs[i];
  return model::GraphForward(std::make_shared<const ir::Graph>(graph), n, n + 1, parameters)(inputs[0], {});
}

}  // namespace

TEST_CASE("folding keeps what a network computes", "[quant]") {
  int folded_norms = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const ir::Model model = test::random_float_model(seed);
    if (!takes_one_image(model)) continue;
    const ir::Model folded = quant::fold(model, "net");
    for (const ir::Node& node : folded.graph.nodes) CHECK(node.op->name != std::string("batch_norm"));
    folded_norms += static_cast<int>(model.graph.nodes.size() - folded.graph.nodes.size());
    const Tensor images = images_for(model, seed, 2);
    INFO("seed " << seed);
    CHECK(relative(in_float::Network(folded)(images), in_float::Network(model)(images)) < 1e-5);
  }
  CHECK(folded_norms > 20);
}

TEST_CASE("every int8 layer is its float layer, rounded once", "[quant]") {
  int networks = 0, compared = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const ir::Model model = test::random_float_model(seed);
    if (!takes_one_image(model)) continue;
    const ir::Model folded = quant::fold(model, "net");
    std::vector<quant::StoredLayer> layers;
    try {
      layers = quant::stored_layers(folded.graph, "net");
    } catch (const base::UserError&) {
      continue;
    }
    const Tensor image = images_for(model, seed, 1);
    for (const std::string& rounding : ir::rounding_names()) {
      const quant::Int8Network made =
          quant::to_int8(folded, layers, seen_ranges(folded, image, 0.9), {rounding, false}, "net");
      const Ran ran(made.model, image);
      // TensorFlow Lite rounds twice, sums of two tensors three times.
      const double most = rounding == "tflite" ? 1.6 : rounding == "integer" ? 1.1 : 0.502;
      for (const quant::Int8Layer& layer : made.layers) {
        const ir::Tensor& tensor = made.model.graph.tensor(layer.value);
        const auto node = std::find_if(made.model.graph.nodes.begin(), made.model.graph.nodes.end(),
                                       [&](const ir::Node& one) { return one.output == layer.value; });
        std::vector<Tensor> inputs;
        for (const TensorId id : node->inputs) inputs.push_back(ran.real(id));
        Tensor wanted = float_step(folded.graph, layer.step.node, inputs);
        const double scale = ir::scale_of(tensor), zero = static_cast<double>(ir::zero_point_of(tensor));
        wanted = wanted.clamp(std::max(layer.step.low, scale * (-128 - zero)),
                              std::min(layer.step.high, scale * (127 - zero)));
        if (layer.step.keeps_scale) wanted = float_step(folded.graph, layer.step.node, inputs);
        const double farthest = ((ran.real(layer.value) - wanted).abs().max() / scale).item<double>();
        INFO("seed " << seed << ", " << tensor.name << ", " << node->op->name << ", " << rounding);
        CHECK(farthest <=
              (layer.step.high < 1e9 && !layer.step.keeps_scale ? std::max(most, 0.502 + 0.5) : most));
        ++compared;
      }
      ++networks;
    }
  }
  CHECK(networks > 60);
  CHECK(compared > 200);
}

TEST_CASE("a range four times as wide gives about four times the error", "[quant]") {
  double sum[3] = {0, 0, 0};
  int networks = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const ir::Model folded =
        quant::fold(test::small_float_model(seed, seed % 2 == 0 ? "relu6" : "relu"), "net");
    const auto layers = quant::stored_layers(folded.graph, "net");
    const Tensor image = images_for(folded, seed, 1);
    const Tensor wanted = in_float::Network(folded)(image).to(torch::kFloat64);
    for (int k = 0; k < 3; ++k) {
      const double wider = std::pow(4.0, k);
      const quant::Int8Network made =
          quant::to_int8(folded, layers, seen_ranges(folded, image, wider), {}, "net");
      const Ran ran(made.model, image);
      const double error = relative(ran.real(made.model.graph.outputs.front()), wanted);
      INFO("seed " << seed << ", " << wider << " times the range");
      CHECK(error < 0.1 * wider);
      sum[k] += error;
    }
    ++networks;
  }
  INFO("mean relative errors of logits: " << sum[0] / networks << ", " << sum[1] / networks << ", "
                                          << sum[2] / networks);
  CHECK(sum[0] / networks < 0.03);
  CHECK((sum[1] > 2 * sum[0] && sum[1] < 7 * sum[0]));
  CHECK((sum[2] > 2 * sum[1] && sum[2] < 7 * sum[1]));
}
