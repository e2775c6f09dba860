// The float baseline: it begins as the network on integers that it is compared with, a step of it goes the
// way of a step with quantisation-aware scaling, and clamps that stand for an activation stay.
#include "in_float/learner.h"

#include <cmath>
#include <numeric>

#include "ir/integer_scale.h"
#include "ir/operator.h"
#include "ir/real_values.h"
#include "quant/convert/to_float.h"
#include "sparse/scheme.h"
#include "support/message_of.h"
#include "support/test.h"
#include "support/tiny_model.h"
#include "support/training.h"

using namespace frugal;
using test::all_of;
using test::layers;

namespace {

ir::TensorId named(const ir::Graph& graph, const std::string& name) {
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
    if (graph.tensors[i].name == name) return static_cast<ir::TensorId>(i);
  }
  FAIL("no tensor " << name);
  return ir::none;
}

const ir::Node& giving(const ir::Graph& graph, const std::string& name) {
  for (const ir::Node& node : graph.nodes) {
    if (graph.name_of(node) == name) return node;
  }
  throw std::runtime_error("no node " + name);
}

// How far float parameters moved.
std::vector<double> moves(const ir::Model& before, const ir::Model& after, const std::string& name) {
  const auto old = before.values<float>(named(before.graph, name));
  const auto now = after.values<float>(named(after.graph, name));
  std::vector<double> by;
  for (std::size_t i = 0; i < old.size(); ++i) by.push_back(double{now[i]} - double{old[i]});
  return by;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// In steps so fine that few values round to 0: a gradient on integers passes there, one of a ReLU may not.
ir::Model finer_model(std::uint64_t seed) {
  ir::Model model = test::tiny_int8_model(seed);
  model.graph.tensor(giving(model.graph, "depth").output).quantization->scale = {0.008};
  return model;
}

}  // namespace

TEST_CASE("the float baseline begins near the network on integers", "[adapt]") {
  const ir::Model model = test::tiny_int8_model(3);
  const quant::Samples samples = test::tiny_samples(1, 90);
  in_float::Learner learner(model, {}, {}, "tiny");
  const quant::Score in_float = learner.evaluate(samples),
                     integers = quant::evaluate(model, samples, 1, "tiny");
  CHECK(std::abs(in_float.loss - integers.loss) < 0.05 * integers.loss);
  CHECK(std::abs(in_float.accuracy() - integers.accuracy()) < 0.1);
}

// A step in float moves w by η·dL/dw. With quantisation-aware scaling the stored q = w / s_w moves by
// η·(dL/dq) / s_w², and s_w of that is the same.
TEST_CASE("a float step goes the way of quantisation-aware scaling", "[adapt]") {
  const ir::Model model = finer_model(3);
  const quant::Samples samples = test::tiny_samples(1, 60);
  quant::TrainerConfig config;
  config.storage = quant::Storage::latent;
  const double rate = 1e-3;
  quant::Trainer integers(model, layers(model, "full"), config, "tiny");
  const std::vector<quant::TrainedState> before = integers.state();
  integers.step(samples, all_of(samples), rate);
  const std::vector<quant::TrainedState> after = integers.state();
  in_float::Learner learner(model, layers(model, "full"), {}, "tiny");
  const ir::Model start = learner.model();
  learner.step(samples, all_of(samples), rate);
  const ir::Model end = learner.model();
  for (std::size_t s = 0; s < after.size(); ++s) {
    const std::string& name = after[s].name;
    if (after[s].latent.empty()) continue;  // the head
    INFO(name);
    const ir::Node& node = giving(model.graph, name.substr(0, name.find('.')));
    const auto& scales = model.graph.tensor(node.inputs[1]).quantization->scale;
    const bool bias = name.find("bias") != std::string::npos,
               depthwise = node.op->name == std::string("depthwise_conv");
    // Both in the kernels' order, which is row-major but for the channels of depthwise and of kernels.
    const std::vector<double> by = moves(start, end, name);
    const std::size_t outputs = scales.size(), each = by.size() / outputs;
    const ir::Dims& shape = model.graph.tensor(named(model.graph, name)).shape;
    const std::size_t inputs = bias || depthwise ? 1 : static_cast<std::size_t>(shape[1]),
                      area = each / inputs;
    std::vector<double> real(by.size());
    for (std::size_t i = 0; i < by.size(); ++i) {
      const std::size_t o = i / each, c = i % each / area, k = i % area;
      const std::size_t at = depthwise && !bias ? k * outputs + o : (o * area + k) * inputs + c;
      const double scale = scales[o] * (bias ? ir::scale_of(model.graph.tensor(node.inputs[0])) : 1);
      real[i] = scale * (double{after[s].latent[at]} - double{before[s].latent[at]});
    }
    const double cosine = dot(real, by) / std::sqrt(dot(real, real) * dot(by, by));
    CHECK(cosine > 0.97);
    CHECK(std::sqrt(dot(by, by) / dot(real, real)) == Approx(1).epsilon(0.15));
  }
}

TEST_CASE("the float baseline trains what the scheme names, and goes on from saved state", "[adapt]") {
  const ir::Model model = test::tiny_int8_model(4);
  const quant::Samples samples = test::tiny_samples(1, 24);
  sparse::UpdateScheme scheme;
  scheme.bias_layers = 2;
  scheme.weights = {{1, 0.5}};
  const auto trained = sparse::trained_layers(model, scheme);
  const in_float::LearnerConfig config{0.9, 1};
  in_float::Learner one(model, trained, config, "tiny");
  const ir::Model start = one.model();
  for (int i = 0; i < 3; ++i) one.step(samples, all_of(samples), 0.05);
  in_float::Learner other(model, trained, config, "tiny");
  other.restore(one.model(), one.state(), 3);
  for (int i = 0; i < 3; ++i) {
    one.step(samples, all_of(samples), 0.05);
    other.step(samples, all_of(samples), 0.05);
  }
  const ir::Model end = one.model();
  CHECK(end.data == other.model().data);
  std::vector<std::string> moved;
  for (std::size_t i = 0; i < end.data.size(); ++i) {
    if (end.data[i] != start.data[i]) moved.push_back(end.graph.tensors[i].name);
  }
  CHECK(moved ==
        std::vector<std::string>{"expand.weight", "depth.bias", "project.bias", "head.weight", "head.bias"});
  const std::vector<double> by = moves(start, end, "expand.weight");
  for (std::size_t i = 0; i < by.size(); ++i) {
    const auto& channels = trained.front().channels;
    const bool is_trained =
        std::count(channels.begin(), channels.end(), static_cast<std::int64_t>(i % 6)) > 0;
    if (!is_trained) CHECK(by[i] == 0);
  }
}

TEST_CASE("of clamps those that stand for an activation stay in the float network", "[adapt]") {
  ir::Model model = test::tiny_int8_model(5);
  const auto activation = [&] {
    const ir::Model made = quant::to_float(model, "tiny");
    std::string kinds;
    for (const ir::Node& node : made.graph.nodes) {
      const std::string name = made.graph.name_of(node);
      if (name.find(".activation") != std::string::npos)
        kinds += name.substr(0, name.find('.')) + " " + node.op->name + ", ";
    }
    return kinds;
  };
  // Zero points of -128: nothing below 0 is stored. "project" stores what is below 0 too.
  CHECK(activation() == "stem relu, expand relu, depth relu, ");
  // A range from 0 to 6 is that of a ReLU6.
  model.graph.tensor(giving(model.graph, "depth").output).quantization->scale = {6.0 / 255};
  CHECK(activation() == "stem relu, expand relu, depth relu6, ");
  // A clamp to what is neither.
  for (ir::Node& node : model.graph.nodes) {
    if (model.graph.name_of(node) != "project") continue;
    for (auto& [name, value] : node.attributes) {
      if (name == "clamp") value = std::vector<std::int64_t>{-16, 24};
    }
  }
  CHECK(test::message_of([&] { activation(); }).find("project: clamps to [-1.0") != std::string::npos);
}

TEST_CASE("stored weights and biases stand for real numbers", "[adapt]") {
  const ir::Model model = test::tiny_int8_model(6), made = quant::to_float(model, "tiny");
  const ir::Node& node = giving(model.graph, "project");
  const auto& scales = model.graph.tensor(node.inputs[1]).quantization->scale;
  const auto weight = made.values<float>(named(made.graph, "project.weight")),
             bias = made.values<float>(named(made.graph, "project.bias"));
  CHECK(double{weight[12 * 4 + 5]} ==
        Approx(scales[4] * model.values<std::int8_t>(node.inputs[1])[12 * 4 + 5]));
  CHECK(double{bias[4]} == Approx(scales[4] * 0.03 * model.values<std::int32_t>(node.inputs[2])[4]));
}
