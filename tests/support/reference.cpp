#include "support/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "autodiff/scaling.h"
#include "base/error.h"
#include "checkpoint/safetensors.h"
#include "ir/operator.h"
#include "network/import/load.h"
#include "quant/head.h"
#include "quant/program.h"
#include "sparse/scheme.h"

namespace frugal::test {
namespace {

using Bytes = std::vector<std::int8_t>;

template <typename T>
std::vector<T> values_of(const checkpoint::SafetensorsFile& file, const std::string& name) {
  const auto bytes = file.bytes(file.at(name));
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

// From [N, H, W, C] to what a tensor of the graph has.
Bytes channels_first(const Bytes& values, const ir::Dims& shape) {
  if (shape.size() < 3) return values;
  const std::vector<std::size_t> from = ops::places(shape, ops::Layout::channels_last);
  Bytes moved(values.size());
  for (std::size_t i = 0; i < moved.size(); ++i) moved[i] = values[from[i]];
  return moved;
}

Bytes part_of(const Bytes& values, std::size_t index, std::size_t size) {
  const auto first = values.begin() + static_cast<std::ptrdiff_t>(index * size);
  return Bytes(first, first + static_cast<std::ptrdiff_t>(size));
}

void compare(Agreement& all, const Bytes& got, const Bytes& wanted, const std::string& where) {
  FRUGAL_ASSERT(got.size() == wanted.size(), where.c_str());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const int apart = std::abs(got[i] - wanted[i]);
    ++all.count;
    all.different += apart > 0;
    if (apart > all.most) {
      all.most = apart;
      all.where = where;
    }
  }
}

void note(Nearness& all, double difference, const std::string& where) {
  ++all.count;
  if (difference <= all.worst || std::isnan(all.worst)) return;  // what is no number counts as the worst
  all.worst = difference;
  all.where = where;
}

double relative(const std::vector<float>& got, const std::vector<float>& wanted, const std::string& where) {
  double difference = 0, norm = 0;
  FRUGAL_ASSERT(got.size() == wanted.size(), where.c_str());
  for (std::size_t i = 0; i < got.size(); ++i) {
    difference += (double{got[i]} - wanted[i]) * (double{got[i]} - wanted[i]);
    norm += double{wanted[i]} * wanted[i];
  }
  return std::sqrt(difference / norm);
}

// The network of the reference step: the published one with its head in float.
ir::Model stepping_model(const std::string& folder, const checkpoint::SafetensorsFile& reference) {
  ir::Model model =
      quant::with_float_head(network::load_model(folder + "/mcunet-5fps.json").model, 10, 0, "mcunet");
  const std::vector<ir::TensorId> head = model.graph.nodes.back().inputs;
  model.set<float>(head[1], values_of<float>(reference, "fc_w"));
  model.set<float>(head[2], values_of<float>(reference, "fc_b"));
  return model;
}

}  // namespace

NetworkAgreement network_agreement(const std::string& folder, const std::string& name) {
  const ir::Model model = network::load_model(folder + "/" + name + ".tflite").model;
  const ir::Graph& graph = model.graph;
  const checkpoint::SafetensorsFile reference(folder + "/" + name + ".reference.safetensors");
  const quant::Program program(model, name, quant::Program::Memory::keep_all);
  const quant::Parameters parameters(model, program.layouts());
  quant::Workspace workspace(program, parameters);
  const ir::Dims& shape = graph.tensor(graph.inputs.front()).shape;
  const Bytes inputs = values_of<std::int8_t>(reference, "input"),
              outputs = values_of<std::int8_t>(reference, "output");
  const auto size = static_cast<std::size_t>(ir::elements(shape));
  NetworkAgreement found;
  found.inputs = inputs.size() / size;
  const std::size_t classes = outputs.size() / found.inputs;
  for (std::size_t i = 0; i < found.inputs; ++i) {
    program.put<std::int8_t>(workspace, graph.inputs.front(),
                             channels_first(part_of(inputs, i, size), shape));
    program.run(workspace, ir::whole(graph));
    compare(found.outputs, program.get<std::int8_t>(workspace, graph.outputs.front()),
            part_of(outputs, i, classes), fmt::format("output {}", i));
    if (i > 0) continue;
    // Activations in the order of the file's operators, which is that of the nodes.
    std::size_t node = 0;
    for (const checkpoint::TensorInfo& info : reference.tensors()) {
      if (info.name.substr(0, 2) != "op") continue;
      while (std::string(info.name).find("SOFTMAX") == std::string::npos &&
             graph.nodes[node].op->name == std::string("pad"))
        ++node;
      const ir::TensorId id = graph.nodes[node++].output;
      compare(found.activations, program.get<std::int8_t>(workspace, id),
              channels_first(values_of<std::int8_t>(reference, info.name), graph.tensor(id).shape),
              info.name);
    }
  }
  return found;
}

StepAgreement step_agreement(const std::string& folder) {
  const checkpoint::SafetensorsFile reference(folder + "/mcunet-5fps.reference-step.safetensors");
  const ir::Model model = stepping_model(folder, reference);
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

  StepAgreement found;
  const std::vector<ir::NodeId> layers = sparse::scheme_layers(graph);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const ir::TensorId y = graph.nodes[static_cast<std::size_t>(layers[i])].output;
    compare(found.activations, program.get<std::int8_t>(workspace, y),
            values_of<std::int8_t>(reference, fmt::format("y{}", i)), fmt::format("layer {}", i));
  }
  found.loss_difference =
      std::abs(*workspace.at<float>(training.loss) - values_of<double>(reference, "loss")[0]);
  for (const autodiff::Gradient& gradient : training.gradients) {
    const std::string& name = graph.tensor(gradient.parameter).name;
    const auto layer = std::find(layers.begin(), layers.end(), gradient.node) - layers.begin();
    const bool bias = name.size() > 5 && name.substr(name.size() - 5) == ".bias",
               head = layer == std::ssize(layers);
    const std::string key =
        head ? std::string(bias ? "g_fc_b" : "g_fc_w") : fmt::format("g_{}{}", bias ? "b" : "w", layer);
    note(found.gradients,
         relative(program.get<float>(workspace, gradient.gradient), values_of<float>(reference, key), key),
         name);
    if (head) continue;
    const std::vector<double> factors = autodiff::scaling_factors(training.model, gradient);
    const auto wanted = values_of<float>(reference, fmt::format("qas_{}{}", bias ? "b" : "w", layer));
    for (std::size_t c = 0; c < factors.size(); ++c) {
      if (factors[c] != 0)
        note(found.factors, std::abs(factors[c] / wanted[c] - 1), fmt::format("{}, channel {}", name, c));
    }
  }
  return found;
}

}  // namespace frugal::test
