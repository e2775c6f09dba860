// Against other programs' numbers (the reference data beside the checkout): LiteRT's reference kernels on
// three networks of MLPerf Tiny, and one training step of the authors' program on mcunet-5fps.
#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "autodiff/scaling.h"
#include "checkpoint/safetensors.h"
#include "ir/operator.h"
#include "network/import/load.h"
#include "quant/head.h"
#include "quant/program.h"
#include "sparse/scheme.h"
#include "support/test.h"

using namespace frugal;

namespace {

std::string tiny(const std::string& file) { return test::shared_data_dir() + "/tiny/" + file; }

template <typename T>
std::vector<T> values_of(const checkpoint::SafetensorsFile& file, const std::string& name) {
  const auto bytes = file.bytes(file.at(name));
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

// From [N, H, W, C] to what a tensor of the graph has.
template <typename T>
std::vector<T> channels_first(const std::vector<T>& values, const ir::Dims& shape) {
  if (shape.size() < 3) return values;
  const std::vector<std::size_t> from = ops::places(shape, ops::Layout::channels_last);
  std::vector<T> moved(values.size());
  for (std::size_t i = 0; i < moved.size(); ++i) moved[i] = values[from[i]];
  return moved;
}

struct Difference {
  std::size_t count = 0, different = 0;
  int most = 0;
};
Difference compare(const std::vector<std::int8_t>& a, const std::vector<std::int8_t>& b) {
  Difference d;
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    const int apart = std::abs(a[i] - b[i]);
    ++d.count;
    d.different += apart > 0;
    d.most = std::max(d.most, apart);
  }
  return d;
}

double relative(const std::vector<float>& got, const std::vector<float>& wanted) {
  double difference = 0, norm = 0;
  REQUIRE(got.size() == wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    difference += (double{got[i]} - wanted[i]) * (double{got[i]} - wanted[i]);
    norm += double{wanted[i]} * wanted[i];
  }
  return std::sqrt(difference / norm);
}

}  // namespace

TEST_CASE("int8 .tflite networks give LiteRT's activations, byte for byte", "[quant]") {
  SKIP_WITHOUT_SHARED();
  for (const char* name : {"kws_ref_model", "pretrainedResnet_quant", "vww_96_int8"}) {
    const ir::Model model = network::load_model(tiny(name + std::string(".tflite"))).model;
    const checkpoint::SafetensorsFile reference(tiny(name + std::string(".reference.safetensors")));
    const quant::Program program(model, name, quant::Program::Memory::keep_all);
    const quant::Parameters parameters(model, program.layouts());
    quant::Workspace workspace(program, parameters);
    const ir::TensorId image = model.graph.inputs.front(), out = model.graph.outputs.front();
    const ir::Dims& shape = model.graph.tensor(image).shape;
    const auto inputs = values_of<std::int8_t>(reference, "input");
    const auto outputs = values_of<std::int8_t>(reference, "output");
    const auto size = static_cast<std::size_t>(ir::elements(shape));
    const std::size_t classes = outputs.size() / (inputs.size() / size);
    for (std::size_t i = 0; i < inputs.size() / size; ++i) {
      const std::vector<std::int8_t> one(inputs.begin() + static_cast<std::ptrdiff_t>(i * size),
                                         inputs.begin() + static_cast<std::ptrdiff_t>((i + 1) * size));
      program.put<std::int8_t>(workspace, image, channels_first(one, shape));
      program.run(workspace, ir::whole(model.graph));
      if (i == 0) {
        // Activations in the order of the file's operators, which is that of the nodes.
        std::size_t node = 0;
        for (const checkpoint::TensorInfo& info : reference.tensors()) {
          if (info.name.substr(0, 2) != "op") continue;
          while (std::string(info.name).find("SOFTMAX") == std::string::npos &&
                 model.graph.nodes[node].op->name == std::string("pad"))
            ++node;
          const ir::TensorId id = model.graph.nodes[node++].output;
          const Difference d = compare(
              program.get<std::int8_t>(workspace, id),
              channels_first(values_of<std::int8_t>(reference, info.name), model.graph.tensor(id).shape));
          INFO(name << " " << info.name << ": " << d.different << " of " << d.count << ", up to " << d.most);
          CHECK(d.different == 0);
        }
      }
      const std::vector<std::int8_t> wanted(outputs.begin() + static_cast<std::ptrdiff_t>(i * classes),
                                            outputs.begin() + static_cast<std::ptrdiff_t>((i + 1) * classes));
      CHECK(program.get<std::int8_t>(workspace, out) == wanted);
    }
  }
}

TEST_CASE("one training step of mcunet-5fps is that of the authors' program", "[quant]") {
  SKIP_WITHOUT_SHARED();
  const checkpoint::SafetensorsFile reference(tiny("mcunet-5fps.reference-step.safetensors"));
  const ir::Model imported = network::load_model(tiny("mcunet-5fps.json")).model;
  ir::Model model = quant::with_float_head(imported, 10, 0, "mcunet");
  const std::vector<ir::TensorId> head = model.graph.nodes.back().inputs;
  model.set<float>(head[1], values_of<float>(reference, "fc_w"));
  model.set<float>(head[2], values_of<float>(reference, "fc_b"));
  sparse::UpdateScheme scheme;
  scheme.bias_layers = 22;
  for (const std::int64_t layer : {21, 24, 27, 30, 36, 39}) scheme.weights.push_back({layer, 1});
  const auto training = autodiff::with_backward(model, sparse::trained_layers(model, scheme), "mcunet");
  const ir::Graph& graph = training.model.graph;
  const quant::Program program(training.model, "mcunet", quant::Program::Memory::keep_all);
  const quant::Parameters parameters(training.model, program.layouts());
  quant::Workspace workspace(program, parameters);
  program.put<std::int8_t>(workspace, training.image, values_of<std::int8_t>(reference, "input"));
  *workspace.at<std::int32_t>(training.label) =
      static_cast<std::int32_t>(values_of<std::int64_t>(reference, "label")[0]);
  program.run(workspace, ir::whole(graph));

  const std::vector<ir::NodeId> layers = sparse::scheme_layers(graph);
  std::size_t all = 0, different = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const ir::TensorId y = graph.nodes[static_cast<std::size_t>(layers[i])].output;
    const Difference d = compare(program.get<std::int8_t>(workspace, y),
                                 values_of<std::int8_t>(reference, fmt::format("y{}", i)));
    INFO("layer " << i << ": " << d.different << " of " << d.count << ", up to " << d.most);
    CHECK(d.most <= 1);
    all += d.count;
    different += d.different;
  }
  INFO(different << " of " << all << " activations differ");
  CHECK(static_cast<double>(different) <= 1e-4 * static_cast<double>(all));
  const double loss = values_of<double>(reference, "loss")[0];
  CHECK(*workspace.at<float>(training.loss) == Approx(loss).margin(1e-5));
  for (const autodiff::Gradient& gradient : training.gradients) {
    const std::string& name = graph.tensor(gradient.parameter).name;
    const auto layer = std::find(layers.begin(), layers.end(), gradient.node) - layers.begin();
    const bool bias = name.size() > 5 && name.substr(name.size() - 5) == ".bias";
    const std::string key = layer == static_cast<std::ptrdiff_t>(layers.size())
                                ? std::string(bias ? "g_fc_b" : "g_fc_w")
                                : fmt::format("g_{}{}", bias ? "b" : "w", layer);
    INFO(name << " " << key);
    CHECK(relative(program.get<float>(workspace, gradient.gradient), values_of<float>(reference, key)) <
          1e-4);
    if (layer == static_cast<std::ptrdiff_t>(layers.size())) continue;
    const std::vector<double> factors = autodiff::scaling_factors(training.model, gradient);
    const auto wanted = values_of<float>(reference, fmt::format("qas_{}{}", bias ? "b" : "w", layer));
    for (std::size_t c = 0; c < factors.size(); ++c) {
      if (factors[c] != 0) CHECK(factors[c] == Approx(wanted[c]).epsilon(1e-6));
    }
  }
}
