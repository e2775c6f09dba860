// Text on integers: token numbers looked up in an int8 table, with the channels first as convolutions over
// sequences take them.
#include <algorithm>
#include <cmath>

#include "autodiff/backward.h"
#include "base/random.h"
#include "ir/builder.h"
#include "ir/count.h"
#include "quant/convert/fold.h"
#include "quant/convert/to_int8.h"
#include "quant/program.h"
#include "quant/trainer.h"
#include "support/float_model.h"
#include "support/message_of.h"
#include "support/test.h"

using namespace frugal;
using Catch::Matchers::Contains;
using test::tensor_named;
using List = std::vector<std::int64_t>;

namespace {

// Embedding of 9 words in 4 features, a convolution over 6 of them, mean, head of 3 classes.
ir::Graph words(bool channels_first = true) {
  ir::Builder graph("words");
  ir::TensorId x = graph.input("tokens", {1, 6}, ir::DataType::int32);
  x = graph.add("embedding", "table", {x},
                {{"vocabulary", std::int64_t{9}},
                 {"features", std::int64_t{4}},
                 {"channels_first", std::int64_t{channels_first ? 1 : 0}}});
  x = graph.add("conv", "conv", {x},
                {{"kernel", List{3}},
                 {"stride", List{1}},
                 {"padding", List{1, 1}},
                 {"dilation", List{1}},
                 {"out_channels", std::int64_t{5}},
                 {"bias", std::int64_t{1}}});
  x = graph.add("relu", "relu", {x});
  x = graph.add("max_pool", "pool", {x},
                {{"kernel", List{2}}, {"stride", List{2}}, {"padding", List{0, 0}}, {"dilation", List{1}}});
  x = graph.add("global_average_pool", "mean", {x});
  x = graph.add("flatten", "flat", {x});
  x = graph.add("fully_connected", "head", {x}, {{"out_features", std::int64_t{3}}});
  return graph.finish({x});
}

quant::Int8Network convert(const ir::Graph& graph) {
  const ir::Model folded = quant::fold(test::with_numbers(graph, 3), "net");
  const auto layers = quant::stored_layers(folded.graph, "net");
  const std::vector<quant::ValueRange> ranges(folded.graph.tensors.size(), {-4, 4});
  return quant::to_int8(folded, layers, ranges, {}, "net");
}

// Class c: half of the tokens are 3 c, 3 c + 1 or 3 c + 2.
quant::Samples sentences(std::uint64_t seed, std::size_t count) {
  quant::Samples samples;
  samples.image_bytes = 6 * 4;
  samples.class_count = 3;
  base::Random random(seed, "sentences");
  for (std::size_t i = 0; i < count; ++i) {
    const auto label = static_cast<std::int32_t>(i % 3);
    samples.labels.push_back(label);
    for (int t = 0; t < 6; ++t) {
      const auto token = static_cast<std::int32_t>(t % 2 == 0 ? 3 * label + std::int32_t(random.below(3))
                                                              : std::int32_t(random.below(9)));
      const auto* bytes = reinterpret_cast<const std::int8_t*>(&token);
      samples.images.insert(samples.images.end(), bytes, bytes + sizeof(token));
    }
  }
  return samples;
}

}  // namespace

TEST_CASE("a table of vectors is quantised as one tensor and looked up as it stands", "[quant]") {
  const ir::Graph graph = words();
  const ir::Model model = test::with_numbers(graph, 3);
  const quant::Int8Network made = convert(graph);
  const quant::Program program(made.model, "net", quant::Program::Memory::keep_all);
  const quant::Parameters parameters(made.model, program.layouts());
  quant::Workspace workspace(program, parameters);
  const std::vector<std::int32_t> tokens{8, 0, 3, 3, 7, 1};
  const ir::Graph& integers = made.model.graph;
  const auto* bytes = reinterpret_cast<const std::int8_t*>(tokens.data());
  program.put_bytes(workspace, integers.inputs.front(), {bytes, 24});
  program.run(workspace, ir::whole(integers));
  const ir::TensorId value = tensor_named(integers, "table");
  const double scale = integers.tensor(value).quantization->scale.front();
  const auto table = model.values<float>(tensor_named(model.graph, "table.weight"));
  double most = 0;
  for (const float w : table) most = std::max(most, std::abs(double{w}));
  REQUIRE(scale == Approx(most / 127));
  const auto stored = program.get<std::int8_t>(workspace, value);  // [1, 4, 6]
  for (std::size_t t = 0; t < 6; ++t) {
    for (std::size_t f = 0; f < 4; ++f)
      REQUIRE(stored[f * 6 + t] ==
              std::nearbyint(table[static_cast<std::size_t>(tokens[t]) * 4 + f] / scale));
  }
  // The table is kept beside the weights: 36 bytes.
  REQUIRE(ir::flash_bytes(integers, ir::whole(integers)) == 36 + 5 * 4 * 3 + 8 * 5 + 3 * 5 + 8 * 3);
  // A number outside of the table takes its nearest row.
  const std::vector<std::int32_t> outside{-5, 0, 99, 8, 0, 0};
  program.put_bytes(workspace, integers.inputs.front(),
                    {reinterpret_cast<const std::int8_t*>(outside.data()), 24});
  program.run(workspace, ir::whole(integers));
  const auto clamped = program.get<std::int8_t>(workspace, value);
  for (std::size_t f = 0; f < 4; ++f) {
    REQUIRE(clamped[f * 6] == clamped[f * 6 + 1]);
    REQUIRE(clamped[f * 6 + 2] == clamped[f * 6 + 3]);
  }
}

TEST_CASE("a network over words learns on integers; its table stays", "[quant]") {
  const ir::Model model = convert(words()).model;
  std::vector<autodiff::TrainedLayer> trained;
  for (const ir::NodeId n : autodiff::layers_with_weights(model.graph))
    trained.push_back({n, true, true, {}});
  REQUIRE(trained.size() == 2);
  quant::TrainerConfig config;
  config.threads = 2;
  quant::Trainer trainer(model, trained, config, "net");
  const quant::Samples train = sentences(1, 60), held_out = sentences(2, 90);
  const double before = trainer.evaluate(held_out).accuracy();
  std::vector<std::size_t> all(train.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  for (int step = 0; step < 150; ++step) trainer.step(train, all, 0.3);
  const double after = trainer.evaluate(held_out).accuracy();
  INFO(before << " " << after);
  REQUIRE(after > 0.75);
  REQUIRE(after > before + 0.2);
  const ir::Model learnt = trainer.model();
  const ir::TensorId table = tensor_named(model.graph, "table.weight");
  REQUIRE(learnt.data[static_cast<std::size_t>(table)] == model.data[static_cast<std::size_t>(table)]);

  quant::Samples wrong = train;
  wrong.image_bytes = 6;
  REQUIRE_THAT(test::message_of([&] { trainer.evaluate(wrong); }), Contains("takes images of 6 numbers"));
}

TEST_CASE("an embedding with the channels last is refused by name", "[quant]") {
  ir::Builder graph("last");
  ir::TensorId x = graph.input("tokens", {1, 6}, ir::DataType::int32);
  x = graph.add("embedding", "table", {x}, {{"vocabulary", std::int64_t{9}}, {"features", std::int64_t{4}}});
  x = graph.add("flatten", "flat", {x});
  x = graph.add("fully_connected", "head", {x}, {{"out_features", std::int64_t{3}}});
  const ir::Graph made = graph.finish({x});
  REQUIRE_THAT(test::message_of([&] { convert(made); }),
               Contains("net: table: embedding into [1, 6, 4] cannot be quantised"));
}
