// Training without floats: gradients beside those in float, learning, the same bytes for any number of
// threads and after a stop, and what is refused.
#include <algorithm>
#include <cmath>

#include "autodiff/backward.h"
#include "base/random.h"
#include "ir/integer_scale.h"
#include "quant/head.h"
#include "quant/integer_network.h"
#include "quant/program.h"
#include "quant/trainer.h"
#include "sparse/scheme.h"
#include "support/message_of.h"
#include "support/test.h"
#include "support/tiny_model.h"
#include "support/training.h"

using namespace frugal;
using test::all_of;
using test::layers;

namespace {

ir::Model integer_model(std::uint64_t seed, std::int64_t classes = 3, const ir::Dims& image = {1, 2, 6, 5}) {
  return quant::with_integer_head(test::tiny_int8_model(seed, "integer", classes, image), "tiny");
}

// Everything that one image leaves in a training graph.
struct Pass {
  autodiff::TrainingGraph training;
  quant::Program program;
  quant::Parameters parameters;
  quant::Workspace workspace;

  Pass(const ir::Model& model, const char* scheme, std::span<const std::int8_t> image, std::int32_t label)
      : training(autodiff::with_backward(model, layers(model, scheme), "tiny")),
        program(training.model, "tiny"),
        parameters(training.model, program.layouts()),
        workspace(program, parameters) {
    program.put<std::int8_t>(workspace, training.image, image);
    *workspace.at<std::int32_t>(training.label) = label;
    program.run(workspace, ir::whole(program.graph()));
  }

  std::vector<double> gradient(std::size_t i) const {
    const autodiff::Gradient& g = training.gradients[i];
    if (g.exponent == ir::none) {
      const auto values = program.get<float>(workspace, g.gradient);
      return {values.begin(), values.end()};
    }
    const auto values = program.get<std::int16_t>(workspace, g.gradient);
    const std::int32_t exponent = *workspace.at<std::int32_t>(g.exponent);
    const std::size_t row = values.size() / g.scale.size();
    std::vector<double> real;
    for (std::size_t k = 0; k < values.size(); ++k)
      real.push_back(std::ldexp(g.scale[k / row] * values[k], exponent));
    return real;
  }
};

}  // namespace

TEST_CASE("gradients without floats are those in float within the precision of their mantissas",
          "[quant][integer]") {
  double worst = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const ir::Dims image{1, static_cast<std::int64_t>(1 + seed % 4), static_cast<std::int64_t>(3 + seed % 7),
                         static_cast<std::int64_t>(4 + seed % 5)};
    const ir::Model whole = integer_model(seed, 3 + static_cast<std::int64_t>(seed % 5), image);
    const ir::Model real = quant::with_float_head(whole, 0, 1, "tiny");  // the same numbers in float
    base::Random random(seed, "image");
    std::vector<std::int8_t> pixels(static_cast<std::size_t>(ir::elements(image)));
    for (std::int8_t& p : pixels) p = static_cast<std::int8_t>(static_cast<int>(random.below(256)) - 128);
    const Pass got(whole, "full", pixels, 1), wanted(real, "full", pixels, 1);
    REQUIRE(got.training.gradients.size() == wanted.training.gradients.size());
    CHECK(*got.workspace.at<std::int32_t>(got.training.loss) / 65536.0 ==
          Approx(*wanted.workspace.at<float>(wanted.training.loss)).margin(2e-4));
    for (std::size_t i = 0; i < got.training.gradients.size(); ++i) {
      std::vector<double> a = got.gradient(i), b = wanted.gradient(i);
      const autodiff::Gradient& g = got.training.gradients[i];
      const ir::Tensor& parameter = whole.graph.tensor(g.parameter);
      INFO("seed " << seed << ", " << parameter.name);
      if (parameter.name.starts_with("head")) {  // by other units: the head's numbers are stored in integers
        for (double& value : b) value *= parameter.quantization->scale[0];
      }
      double difference = 0, norm = 1e-30;
      for (std::size_t k = 0; k < a.size(); ++k) {
        difference += (a[k] - b[k]) * (a[k] - b[k]);
        norm += b[k] * b[k];
      }
      worst = std::max(worst, std::sqrt(difference / norm));
      CHECK(std::sqrt(difference / norm) < 1e-3);
    }
  }
  CHECK(worst > 1e-7);  // they are other numbers
}

TEST_CASE("a network learns without floats as well as with them", "[quant][integer]") {
  const quant::Samples train = test::tiny_samples(1, 60), held_out = test::tiny_samples(2, 150);
  for (const char* scheme : {"full", "last:2", "head"}) {
    const auto after = [&](const ir::Model& model, quant::Storage storage) {
      quant::TrainerConfig config;
      config.storage = storage;
      quant::Trainer trainer(model, layers(model, scheme), config, "tiny");
      for (int i = 0; i < 60; ++i) trainer.step(train, all_of(train), 0.05);
      return trainer.evaluate(held_out);
    };
    const ir::Model whole = integer_model(1), real = quant::with_float_head(whole, 0, 1, "tiny");
    const double before = quant::evaluate(whole, held_out, 1, "tiny").loss;
    CHECK(before == Approx(quant::evaluate(real, held_out, 1, "tiny").loss).epsilon(1e-3));
    const quant::Score without = after(whole, quant::Storage::integer),
                       with = after(real, quant::Storage::stochastic);
    INFO(scheme << ": loss " << before << ", with floats " << with.loss << ", without " << without.loss);
    CHECK(with.loss < 0.95 * before);
    CHECK(without.loss == Approx(with.loss).epsilon(0.05));
    CHECK(without.accuracy() == Approx(with.accuracy()).margin(0.03));
  }
}

TEST_CASE("without floats threads change no bit, and neither does going on from saved state",
          "[quant][integer]") {
  const quant::Samples train = test::tiny_samples(1, 24);
  const ir::Model model = integer_model(3);
  quant::TrainerConfig config;
  config.storage = quant::Storage::integer;
  const auto trained = layers(model, "last:3");
  const auto run = [&](quant::Trainer& trainer, int steps) {
    for (int i = 0; i < steps; ++i) trainer.step(train, all_of(train), 0.02);
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
  CHECK(one.model().data == five.model().data);
  CHECK(one.model().data == resumed.model().data);
  CHECK(one.model().data != model.data);
}

TEST_CASE("without floats a part of a depthwise layer is trained at its own channels' rate",
          "[quant][integer]") {
  const ir::Model model = integer_model(4);
  const quant::Samples train = test::tiny_samples(1, 24);
  sparse::UpdateScheme scheme;
  scheme.weights = {{2, 0.25}};
  quant::TrainerConfig config;
  config.storage = quant::Storage::integer;
  quant::Trainer trainer(model, sparse::trained_layers(model, scheme), config, "tiny");
  for (int i = 0; i < 10; ++i) trainer.step(train, all_of(train), 0.2);
  for (const autodiff::Gradient& gradient : trainer.graph().gradients) {
    if (gradient.channels.empty()) continue;
    CHECK(gradient.channels.size() == 3);
    CHECK(gradient.scale.size() == 3);
    const ir::Model after = trainer.model();
    const auto before_values = model.values<std::int8_t>(gradient.parameter),
               values = after.values<std::int8_t>(gradient.parameter);
    std::size_t moved_channels = 0;
    for (std::size_t c = 0; c < 12; ++c) {
      const bool moved = !std::equal(values.begin() + static_cast<std::ptrdiff_t>(c * 9),
                                     values.begin() + static_cast<std::ptrdiff_t>(c * 9 + 9),
                                     before_values.begin() + static_cast<std::ptrdiff_t>(c * 9));
      const bool trained = std::find(gradient.channels.begin(), gradient.channels.end(),
                                     static_cast<std::int64_t>(c)) != gradient.channels.end();
      moved_channels += moved;
      CHECK((trained || !moved));
    }
    CHECK(moved_channels > 0);
    return;
  }
  FAIL("no layer is trained in part");
}

TEST_CASE("what cannot be trained without floats is refused", "[quant][integer]") {
  const auto message = [](const auto& work) { return test::message_of(work); };
  CHECK(message([] {
          quant::with_integer_head(test::tiny_int8_model(1), "net");
        }).find("net: stem: rounds as 'float32-half-even'; training without floats needs 'integer'") !=
        std::string::npos);
  const ir::Model converted = quant::with_integer_rounding(test::tiny_int8_model(1, "tflite"), "net");
  CHECK_NOTHROW(quant::with_integer_head(converted, "net"));

  quant::TrainerConfig config;  // a head on integers with a storage in float, and the other way round
  const ir::Model whole = integer_model(1), real = test::tiny_int8_model(1, "integer");
  CHECK(message([&] {
          quant::Trainer(whole, layers(whole, "head"), config, "net");
        }).find("has a head on integers, which learns without floats alone") != std::string::npos);
  config.storage = quant::Storage::integer;
  CHECK(message([&] {
          quant::Trainer(real, layers(real, "head"), config, "net");
        }).find("has a head in float") != std::string::npos);
  config.method = quant::Method::adam;
  CHECK(message([&] { quant::Trainer(whole, layers(whole, "head"), config, "net"); }).find("adam") !=
        std::string::npos);
}
