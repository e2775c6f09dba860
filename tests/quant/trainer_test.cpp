// Training on integers: the network learns, the number of threads changes no bit, and a run that goes on from
// saved state ends as one that was not interrupted.
#include "quant/trainer.h"

#include <limits>

#include "autodiff/backward.h"
#include "autodiff/scaling.h"
#include "base/error.h"
#include "ir/integer_scale.h"
#include "quant/head.h"
#include "sparse/scheme.h"
#include "support/message_of.h"
#include "support/test.h"
#include "support/tiny_model.h"
#include "support/training.h"

using namespace frugal;
using test::all_of;
using test::layers;

TEST_CASE("a network on integers learns by quantisation-aware scaling, with any storage", "[quant]") {
  const ir::Model model = test::tiny_int8_model(1);
  const quant::Samples train = test::tiny_samples(1, 60), held_out = test::tiny_samples(2, 150);
  for (const quant::Storage storage :
       {quant::Storage::latent, quant::Storage::nearest, quant::Storage::stochastic}) {
    quant::TrainerConfig config;
    config.storage = storage;
    quant::Trainer trainer(model, layers(model, "full"), config, "tiny");
    const quant::Score before = trainer.evaluate(held_out);
    double loss = 0;
    for (int i = 0; i < 60; ++i) loss = trainer.step(train, all_of(train), 0.05);
    const quant::Score after = trainer.evaluate(held_out);
    INFO("storage " << static_cast<int>(storage) << ": " << before.accuracy() << " to " << after.accuracy());
    CHECK(loss < 0.75 * before.loss);
    CHECK(after.accuracy() > 0.95);
    CHECK(trainer.untrained().empty());
  }
}

TEST_CASE("factors of biases come from the scales of the way forward", "[quant]") {
  const ir::Model model = test::tiny_int8_model(1);
  const auto training = autodiff::with_backward(model, layers(model, "full"), "tiny");
  std::size_t biases = 0;
  for (const autodiff::Gradient& gradient : training.gradients) {
    const auto of = autodiff::factors_of_scales(training.model, gradient, true);
    const bool bias = training.model.graph.tensor(gradient.parameter).type == ir::DataType::int32;
    CHECK(of.has_value() == bias);
    CHECK_FALSE(autodiff::factors_of_scales(training.model, gradient, false).has_value());
    if (!of) continue;
    ++biases;
    const std::vector<double> wanted = autodiff::scaling_factors(training.model, gradient);
    for (std::size_t c = 0; c < wanted.size(); ++c)
      CHECK(of->numerator / (of->scale[c] * of->scale[c]) == Approx(wanted[c]).epsilon(1e-6));
  }
  CHECK(biases > 1);
}

TEST_CASE("a layer that reads a wide input takes the step of an input divided by its range", "[quant]") {
  ir::Model model = test::tiny_int8_model(1);
  const ir::TensorId input = model.graph.inputs.front();
  const auto factor_of_first = [&](double scale) {
    model.graph.tensor(input).quantization->scale = {scale};
    const auto training = autodiff::with_backward(model, layers(model, "full"), "tiny");
    for (const autodiff::Gradient& gradient : training.gradients) {
      const bool weight = training.model.graph.tensor(gradient.parameter).shape.size() > 1;
      const ir::Node& node = training.model.graph.nodes[ir::index(gradient.node)];
      if (weight && node.inputs.front() == training.model.graph.inputs.front())
        return autodiff::scaling_factors(training.model, gradient).front();
    }
    return 0.0;
  };
  const double narrow = factor_of_first(1.0 / 255);
  CHECK(narrow > 0);
  CHECK(factor_of_first(15.0 / 255) == Approx(narrow));
  CHECK(factor_of_first(1.0) == Approx(narrow / (255.0 * 255.0)));
}

TEST_CASE("threads change no bit, and neither does going on from saved state", "[quant]") {
  const ir::Model model = test::tiny_int8_model(3);
  const quant::Samples train = test::tiny_samples(1, 24);
  for (const quant::Method method :
       {quant::Method::qas, quant::Method::sgd, quant::Method::adam, quant::Method::lars}) {
    quant::TrainerConfig config;
    config.method = method;
    config.momentum = method == quant::Method::adam ? 0 : 0.9;
    config.storage = method == quant::Method::sgd ? quant::Storage::latent : quant::Storage::stochastic;
    const double rate = method == quant::Method::qas ? 0.01 : method == quant::Method::lars ? 1 : 0.1;
    const auto trained = layers(model, "last:3");
    const auto run = [&](quant::Trainer& trainer, int steps) {
      for (int i = 0; i < steps; ++i) trainer.step(train, all_of(train), rate);
    };
    quant::Trainer one(model, trained, config, "tiny");
    run(one, 6);
    config.threads = 5;
    quant::Trainer five(model, trained, config, "tiny");
    run(five, 3);
    quant::Trainer resumed(model, trained, config, "tiny");
    resumed.restore(five.model(), five.state(), five.steps());
    run(resumed, 3);
    run(five, 3);
    INFO("method " << static_cast<int>(method));
    CHECK(one.model().data == five.model().data);
    CHECK(one.model().data == resumed.model().data);
    CHECK(one.model().data != model.data);  // it moved
  }
}

TEST_CASE("what is not in the scheme does not move, and what is does", "[quant]") {
  const ir::Model model = test::tiny_int8_model(4);
  const quant::Samples train = test::tiny_samples(1, 24);
  sparse::UpdateScheme scheme;
  scheme.bias_layers = 2;
  scheme.weights = {{1, 0.5}};
  quant::Trainer trainer(model, sparse::trained_layers(model, scheme), {}, "tiny");
  for (int i = 0; i < 10; ++i) trainer.step(train, all_of(train), 0.05);
  const ir::Model after = trainer.model();
  std::vector<std::string> moved;
  for (std::size_t i = 0; i < model.graph.tensors.size(); ++i) {
    if (i < model.data.size() && model.data[i] != after.data[i]) moved.push_back(model.graph.tensors[i].name);
  }
  CHECK(moved ==
        std::vector<std::string>{"expand.weight", "depth.bias", "project.bias", "head.weight", "head.bias"});
  // Half of the input channels of "expand": the others are as before.
  const ir::TensorId weight = trainer.graph().gradients.front().parameter;
  for (const autodiff::Gradient& gradient : trainer.graph().gradients) {
    if (gradient.channels.empty()) continue;
    CHECK(gradient.channels.size() == 3);
    const auto old_values = model.values<std::int8_t>(gradient.parameter),
               values = after.values<std::int8_t>(gradient.parameter);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const bool trained = std::find(gradient.channels.begin(), gradient.channels.end(),
                                     static_cast<std::int64_t>(i % 6)) != gradient.channels.end();
      if (!trained) CHECK(values[i] == old_values[i]);
    }
  }
  CHECK(weight != ir::none);
}

TEST_CASE("backward ends below the last trained layer, and masks are kept where a gradient passes",
          "[quant]") {
  const ir::Model model = test::tiny_int8_model(5);
  const auto graph = autodiff::with_backward(model, layers(model, "bias:1"), "tiny");
  std::vector<std::string> masked;
  for (const ir::Node& node : graph.model.graph.nodes) {
    if (node.mask != ir::none) masked.push_back(graph.model.graph.name_of(node));
  }
  CHECK(masked == std::vector<std::string>{"project"});
  CHECK(graph.gradients.size() == 3);
  const auto head = autodiff::with_backward(model, layers(model, "head"), "tiny");
  CHECK(head.model.graph.nodes.size() < graph.model.graph.nodes.size());
}

TEST_CASE("a new head has the classes asked for; images of another class are refused", "[quant]") {
  const ir::Model model = test::tiny_int8_model(6);
  const ir::Model wider = quant::with_float_head(model, 7, 1, "tiny");
  CHECK(wider.graph.tensor(wider.graph.outputs.front()).shape == ir::Dims{1, 7});
  CHECK(quant::with_float_head(model, 7, 2, "tiny").data != wider.data);
  const ir::Model same = quant::with_float_head(model, 0, 1, "tiny");
  const quant::Samples samples = test::tiny_samples(1, 30);
  CHECK(quant::evaluate(same, samples, 1, "tiny").loss == quant::evaluate(model, samples, 1, "tiny").loss);

  quant::Samples wrong = samples;
  wrong.labels[4] = 3;
  CHECK(test::message_of([&] {
          quant::evaluate(model, wrong, 1, "tiny");
        }).find("has 3 classes, but an image is of class 3") != std::string::npos);
}

TEST_CASE("channels with a degenerate scale are left alone and said", "[quant]") {
  ir::Model model = test::tiny_int8_model(7);
  const ir::NodeId layer = sparse::scheme_layers(model.graph)[3];
  const ir::Node& node = model.graph.nodes[static_cast<std::size_t>(layer)];
  model.values<std::int32_t>(node.inputs[2])[1] = 2147483647;
  quant::Trainer trainer(model, layers(model, "last:1"), {}, "tiny");
  CHECK(trainer.untrained() == std::vector<std::string>{"project.bias: 1 of 6", "project.weight: 1 of 6"});
  const quant::Samples train = test::tiny_samples(1, 24);
  for (int i = 0; i < 5; ++i) trainer.step(train, all_of(train), 0.05);
  const ir::Model after = trainer.model();
  CHECK(after.values<std::int32_t>(node.inputs[2])[1] == 2147483647);
  for (std::size_t i = 12; i < 24; ++i)
    CHECK(after.values<std::int8_t>(node.inputs[1])[i] == model.values<std::int8_t>(node.inputs[1])[i]);
}

TEST_CASE("a loss that is no number ends the training with its step", "[quant]") {
  const quant::Samples train = test::tiny_samples(1, 12);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    ir::Model model = test::tiny_int8_model(8);
    model.values<float>(model.graph.nodes.back().inputs[1])[3] = bad;
    quant::Trainer trainer(model, layers(model, "head"), {}, "tiny");
    CHECK_THROWS_WITH(trainer.step(train, all_of(train), 0.1), Catch::Contains("no finite number at step 0"));
  }
}
