// Products, sums with one number a channel, activations by a table and joined channels on int8: kernels
// against float, and a network with squeeze-and-excitation that learns, with floats and without.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "autodiff/backward.h"
#include "base/random.h"
#include "ir/builder.h"
#include "ops/activation_table.h"
#include "ops/ops.h"
#include "quant/head.h"
#include "quant/integer_network.h"
#include "quant/program.h"
#include "quant/trainer.h"
#include "support/message_of.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;

namespace {

using List = std::vector<std::int64_t>;

std::vector<std::int8_t> random_bytes(std::size_t count, std::uint64_t seed) {
  base::Random random(seed, "bytes");
  std::vector<std::int8_t> values(count);
  for (std::int8_t& v : values) v = static_cast<std::int8_t>(static_cast<int>(random.below(256)) - 128);
  return values;
}

ir::Tensor stored(double scale, std::int64_t zero) {
  return {"t", ir::Role::value, ir::DataType::int8, {1}, ir::Quantization{{scale}, {zero}, ir::none}};
}

// image → conv → h_swish, gated by squeeze-and-excitation, shifted by a number a channel, joined with what it
// was → conv → mean → head in float.
class GatedNetwork {
 public:
  // padding: of an average over windows of 2×3 behind the last convolution; none: no such layer.
  GatedNetwork(std::uint64_t seed, const std::string& rounding, std::optional<std::int64_t> padding = {})
      : random_(seed, "gated"), rounding_(rounding), padding_(padding), builder_("gated") {}

  ir::Model make() {
    const ir::TensorId image = builder_.input("image", {1, 2, 6, 5});
    builder_.store_as(image, ir::DataType::int8, {{0.02}, {-3}, ir::none});
    const ir::TensorId stem = conv("stem", image, 8, 3, 0.03, 5);
    const ir::TensorId act = one("h_swish", "act", {stem}, {}, 0.02, -100);
    const ir::TensorId pool = one("global_average_pool", "pool", {act}, rounds(), 0.01, -110);
    const ir::TensorId reduce = conv("reduce", pool, 4, 1, 0.01, -128);
    const ir::TensorId expand = conv("expand", reduce, 8, 1, 0.02, 3);
    const ir::TensorId gate = one("h_sigmoid", "gate", {expand}, {}, 1.0 / 255, -128);
    const ir::TensorId gated = one("mul", "gated", {act, gate}, rounds(), 0.015, -110);
    const ir::TensorId shifted = one("add", "shifted", {gated, expand}, rounds(), 0.03, -40);
    const ir::TensorId squared = one("mul", "squared", {act, act}, rounds(), 0.03, -40);
    const ir::TensorId joined =
        one("concatenate", "joined", {shifted, squared}, {{"axis", std::int64_t{1}}}, 0.03, -40);
    const ir::TensorId last = conv("last", joined, 6, 1, 0.04, -128);
    const ir::TensorId mean = one("global_average_pool", "mean", {averaged(last)}, rounds(), 0.03, -128);
    const ir::TensorId flat = one("flatten", "flat", {mean}, {}, 0.03, -128);
    const ir::TensorId features = builder_.add("dequantize", "features", {flat});
    const ir::TensorId head =
        builder_.add("fully_connected", "head", {features}, {{"out_features", std::int64_t{3}}});
    const ir::Node node = builder_.graph().nodes.back();
    for (std::size_t i = 1; i < 3; ++i) {
      std::vector<float> values(static_cast<std::size_t>(ir::elements(builder_.shape(node.inputs[i]))));
      for (float& v : values) v = static_cast<float>(random_.normal() * 0.3);
      model_.set<float>(node.inputs[i], values);
    }
    model_.graph = builder_.finish({head});
    model_.data.resize(model_.graph.tensors.size());
    return std::move(model_);
  }

 private:
  ir::TensorId averaged(ir::TensorId x) {
    if (!padding_) return x;
    const ir::Attributes attributes{{"kernel", List{2, 3}},
                                    {"stride", List{1, 2}},
                                    {"padding", List{*padding_, *padding_, *padding_, *padding_}},
                                    {"dilation", List{1, 1}},
                                    {"rounding", rounding_}};
    return one("average_pool", "averaged", {x}, attributes, 0.04, -128);
  }

  ir::Attributes rounds() const { return {{"rounding", rounding_}}; }

  ir::TensorId one(const char* op, const std::string& name, const std::vector<ir::TensorId>& inputs,
                   const ir::Attributes& attributes, double scale, std::int64_t zero) {
    const ir::TensorId y = builder_.add(op, name, inputs, attributes);
    builder_.store_as(y, ir::DataType::int8, {{scale}, {zero}, ir::none});
    return y;
  }

  ir::TensorId conv(const std::string& name, ir::TensorId x, std::int64_t out, std::int64_t kernel,
                    double scale, std::int64_t zero) {
    const std::int64_t pad = kernel / 2;
    ir::Attributes attributes{
        {"kernel", List{kernel, kernel}}, {"stride", List{1, 1}},    {"padding", List{pad, pad, pad, pad}},
        {"dilation", List{1, 1}},         {"bias", std::int64_t{1}}, {"out_channels", out},
        {"rounding", rounding_}};
    const ir::TensorId y = one("conv", name, {x}, attributes, scale, zero);
    const ir::Node node = builder_.graph().nodes.back();
    const auto count = static_cast<std::size_t>(ir::elements(builder_.shape(node.inputs[1])));
    const double each = static_cast<double>(count) / static_cast<double>(out);
    ir::Quantization q{{}, List(static_cast<std::size_t>(out), 0), 0};
    for (std::int64_t c = 0; c < out; ++c)
      q.scale.push_back((0.5 + random_.uniform()) * 1.5 / 127 / std::sqrt(each));
    builder_.store_as(node.inputs[1], ir::DataType::int8, q);
    builder_.store_as(node.inputs[2], ir::DataType::int32, {{1}, {0}, ir::none});
    model_.set<std::int8_t>(node.inputs[1], random_bytes(count, random_.below(1000)));
    std::vector<std::int32_t> bias;
    for (std::int64_t c = 0; c < out; ++c)
      bias.push_back(static_cast<std::int32_t>(random_.below(400)) - 200);
    model_.set<std::int32_t>(node.inputs[2], bias);
    return y;
  }

  base::Random random_;
  std::string rounding_;
  std::optional<std::int64_t> padding_;
  ir::Builder builder_;
  ir::Model model_;
};

std::vector<autodiff::TrainedLayer> all_layers(const ir::Model& model) {
  std::vector<autodiff::TrainedLayer> layers;
  for (const ir::NodeId node : autodiff::layers_with_weights(model.graph))
    layers.push_back({node, true, true, {}});
  return layers;
}

}  // namespace

TEST_CASE("a product on int8 is the real one, rounded, with its mask; one factor may be a number a channel",
          "[ops]") {
  for (const std::int32_t rounding : {OPS_FLOAT32_HALF_EVEN, OPS_TFLITE, OPS_INTEGER}) {
    for (const std::int32_t b_count : {60, 5}) {
      const auto a = random_bytes(60, 1), b = random_bytes(static_cast<std::size_t>(b_count), 2);
      const float scale = 0.013F;
      const auto multiplier = static_cast<std::int32_t>(std::lround(double{scale} * 64 * 2147483648.0));
      const std::int32_t shift = -6;
      const ops_requantize to{rounding, -7, 3, -90, 100, &scale, &multiplier, &shift};
      std::vector<std::int8_t> y(60);
      std::vector<std::uint8_t> mask(8, 0xAA);
      ops_mul_i8(a.data(), b.data(), 11, y.data(), mask.data(), 60, b_count, &to);
      for (std::size_t i = 0; i < 60; ++i) {
        const double real =
            (a[i] + 7.0) * (b[i % static_cast<std::size_t>(b_count)] - 11.0) * double{scale} + 3;
        CHECK(std::abs(y[i] - std::clamp(real, -90.0, 100.0)) <= (rounding == OPS_TFLITE ? 1.0 : 0.5001));
        if (std::abs(real) < 89) CHECK(((mask[i / 8] >> (i % 8)) & 1) == 1);
        if (std::abs(real) > 102) CHECK(((mask[i / 8] >> (i % 8)) & 1) == 0);
      }
    }
  }
}

TEST_CASE("activations by a table are their functions, and slopes those of the functions", "[ops]") {
  for (const char* op : {"h_swish", "h_sigmoid", "sigmoid", "tanh"}) {
    CHECK(ops::has_activation_table(op));
    const ir::Tensor x = stored(0.05, -10), y = stored(0.02, -30), fine = stored(1e-5, 0);
    const auto table = ops::activation_table(op, x, y);
    const auto slopes = ops::activation_slopes(op, x, y);
    REQUIRE(slopes.size() == 256);
    const auto real = [&](double v) {
      const double gate = std::clamp(v + 3, 0.0, 6.0) / 6;
      return std::string(op) == "h_swish"     ? v * gate
             : std::string(op) == "h_sigmoid" ? gate
             : std::string(op) == "sigmoid"   ? 1 / (1 + std::exp(-v))
                                              : std::tanh(v);
    };
    for (std::size_t i = 0; i < 256; ++i) {
      const double at = 0.05 * (static_cast<double>(i) - 128 + 10), wanted = real(at) / 0.02 - 30;
      CHECK(std::abs(table[i] - std::clamp(wanted, -128.0, 127.0)) <= 0.5000001);
      const bool at_a_bend = std::abs(std::abs(at) - 3) < 1e-6;
      if (wanted > 127.5) {
        CHECK(slopes[i] == 0);
      } else if (!at_a_bend && wanted < 127) {
        CHECK(slopes[i] == Approx((real(at + 1e-6) - real(at - 1e-6)) / 2e-6 * 0.05 / 0.02).margin(1e-6));
      }
    }
    CHECK(ops::activation_table(op, x, fine)[255] == 127);  // far outside: clamped
  }
  CHECK_FALSE(ops::has_activation_table("relu"));
}

TEST_CASE(
    "a network with squeeze-and-excitation, h_swish and joined channels learns, with floats and without",
    "[quant][integer]") {
  const quant::Samples train = test::tiny_samples(1, 60), held_out = test::tiny_samples(2, 150);
  std::vector<std::size_t> which(train.size());
  std::iota(which.begin(), which.end(), 0);
  for (const char* rounding : {"float32-half-even", "tflite", "integer"}) {
    quant::TrainerConfig config;
    ir::Model model = GatedNetwork(5, rounding).make();
    if (rounding == std::string("integer")) {
      model = quant::with_integer_head(model, "gated");
      config.storage = quant::Storage::integer;
    }
    quant::Trainer trainer(model, all_layers(model), config, "gated");
    const quant::Score before = trainer.evaluate(held_out);
    for (int i = 0; i < 60; ++i) trainer.step(train, which, 0.2);
    const quant::Score after = trainer.evaluate(held_out);
    INFO(rounding << ": " << before.loss << " to " << after.loss);
    CHECK(after.loss < 0.6 * before.loss);
    CHECK(after.accuracy() > 0.9);
  }
}

TEST_CASE(
    "gradients through products, tables, averages and joined channels are the same with floats and without",
    "[quant][integer]") {
  const std::optional<std::int64_t> paddings[] = {std::nullopt, 0, 1};
  for (std::uint64_t seed = 0; seed < 9; ++seed) {
    const ir::Model whole =
        quant::with_integer_head(GatedNetwork(seed, "integer", paddings[seed % 3]).make(), "gated");
    const ir::Model real = quant::with_float_head(whole, 0, 1, "gated");
    const auto image = random_bytes(60, seed + 50);
    const auto run = [&](const ir::Model& model, const auto& visit) {
      const auto training = autodiff::with_backward(model, all_layers(model), "gated");
      const quant::Program program(training.model, "gated");
      const quant::Parameters parameters(training.model, program.layouts());
      quant::Workspace workspace(program, parameters);
      program.put<std::int8_t>(workspace, training.image, std::span<const std::int8_t>(image));
      *workspace.at<std::int32_t>(training.label) = 1;
      program.run(workspace, ir::whole(program.graph()));
      visit(training, program, workspace);
    };
    std::vector<std::vector<double>> with_floats, without;
    run(real, [&](const auto& training, const auto& program, const auto& workspace) {
      for (const autodiff::Gradient& g : training.gradients) {
        const auto values = program.template get<float>(workspace, g.gradient);
        with_floats.emplace_back(values.begin(), values.end());
      }
    });
    run(whole, [&](const auto& training, const auto& program, const auto& workspace) {
      for (const autodiff::Gradient& g : training.gradients) {
        const auto values = program.template get<std::int16_t>(workspace, g.gradient);
        const std::size_t row = values.size() / g.scale.size();
        auto& to = without.emplace_back();
        const auto& parameter = whole.graph.tensor(g.parameter);
        // By real numbers of the head, which is stored in integers here.
        const double unit = parameter.name.starts_with("head") ? parameter.quantization->scale[0] : 1;
        for (std::size_t k = 0; k < values.size(); ++k)
          to.push_back(
              std::ldexp(g.scale[k / row] * values[k], *workspace.template at<std::int32_t>(g.exponent)) /
              unit);
      }
    });
    REQUIRE(with_floats.size() == without.size());
    for (std::size_t g = 0; g < without.size(); ++g) {
      double difference = 0, norm = 1e-30;
      for (std::size_t k = 0; k < without[g].size(); ++k) {
        difference += std::pow(without[g][k] - with_floats[g][k], 2);
        norm += std::pow(with_floats[g][k], 2);
      }
      INFO("seed " << seed << " gradient " << g);
      CHECK(std::sqrt(difference / norm) < 2e-3);
    }
  }
}

TEST_CASE("what no kernel joins or multiplies is refused", "[quant]") {
  ir::Builder builder("net");
  const ir::TensorId x = builder.input("x", {1, 4, 3, 3}), z = builder.input("z", {1, 4, 3, 3});
  builder.store_as(x, ir::DataType::int8, {{0.5}, {0}, ir::none});
  builder.store_as(z, ir::DataType::int8, {{0.25}, {0}, ir::none});
  const ir::TensorId y = builder.add("concatenate", "joined", {x, z});
  builder.store_as(y, ir::DataType::int8, {{0.5}, {0}, ir::none});
  ir::Model model{builder.finish({y}), {}};
  model.data.resize(model.graph.tensors.size());
  CHECK(test::message_of([&] {
          quant::Program(model, "net");
        }).find("net: joined: joins values of several scales ('z')") != std::string::npos);
}
