// Fisher information of channels: against its definition by the activations' gradients, against a network
// that is changed, and as contributions.
#include "sparse/fisher.h"

#include <cmath>

#include "quant/head.h"
#include "sparse/knapsack.h"
#include "support/message_of.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;

namespace {

// 1/(2N) Σ_n (Σ_d a·g)² of the input channels of "project", from the depthwise layer's output and the
// gradient that reaches it.
std::vector<double> by_activations(const ir::Model& model, const quant::Samples& samples) {
  const std::vector<ir::NodeId> layers = sparse::scheme_layers(model.graph);
  const autodiff::TrainingGraph training =
      autodiff::with_backward(model, {{layers[0], true, true, {}}}, "tiny");
  const quant::Program program(training.model, "tiny", quant::Program::Memory::keep_all);
  const quant::Parameters parameters(training.model, program.layouts());
  quant::Workspace workspace(program, parameters);
  const ir::Graph& graph = training.model.graph;
  ir::TensorId gradient = ir::none, activation = ir::none;
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
    if (graph.tensors[i].name == "project.input_gradient") gradient = static_cast<ir::TensorId>(i);
    if (graph.tensors[i].name == "depth") activation = static_cast<ir::TensorId>(i);
  }
  const std::int64_t zero = graph.tensor(activation).quantization->zero_point[0];
  std::vector<double> scores(12, 0);
  for (std::size_t n = 0; n < samples.size(); ++n) {
    program.put<std::int8_t>(workspace, training.image, samples.image(n));
    *workspace.at<std::int32_t>(training.label) = samples.labels[n];
    program.run(workspace, ir::whole(graph));
    const std::vector<float> g = program.get<float>(workspace, gradient);
    const std::vector<std::int8_t> a = program.get<std::int8_t>(workspace, activation);
    for (std::size_t c = 0; c < 12; ++c) {
      double sum = 0;
      for (std::size_t d = 0; d < 9; ++d) sum += static_cast<double>(a[c * 9 + d] - zero) * g[c * 9 + d];
      scores[c] += sum * sum / 2 / static_cast<double>(samples.size());
    }
  }
  return scores;
}

}  // namespace

TEST_CASE("Fisher information of a layer's input channels is that of the activations", "[sparse]") {
  const ir::Model model = test::tiny_int8_model(3);
  const quant::Samples samples = test::tiny_samples(1, 12);
  sparse::FisherConfig config;
  config.new_head = false;
  const sparse::FisherScores scores = sparse::fisher_scores(model, samples, config, "tiny");
  CHECK(scores.forward_passes == 12);
  CHECK(scores.backward_passes == 12);
  const std::vector<double> expected = by_activations(model, samples);
  REQUIRE(scores.weights[3].size() == expected.size());
  double all = 0;
  for (std::size_t c = 0; c < expected.size(); ++c) {
    CHECK(scores.weights[3][c] == Approx(expected[c]).epsilon(1e-4).margin(1e-12));
    all += expected[c];
  }
  CHECK(all > 0);
  CHECK(scores.weights[0].size() == 2);
  CHECK(scores.weights[2].size() == 12);
}

TEST_CASE("Fisher scores do not depend on threads; samples are drawn with the classes in turn", "[sparse]") {
  const ir::Model model = test::tiny_int8_model(3);
  const quant::Samples samples = test::tiny_samples(1, 40);
  sparse::FisherConfig config;
  config.most_samples = 10;
  const sparse::FisherScores one = sparse::fisher_scores(model, samples, config, "tiny");
  config.threads = 3;
  const sparse::FisherScores three = sparse::fisher_scores(model, samples, config, "tiny");
  CHECK(one.weights == three.weights);
  CHECK(one.biases == three.biases);
  CHECK(one.forward_passes == 20);
  std::vector<int> of_class(3, 0);
  for (const std::size_t i : sparse::few_samples(samples, 10, 5))
    ++of_class[static_cast<std::size_t>(samples.labels[i])];
  CHECK(of_class == std::vector<int>{4, 3, 3});
  CHECK(sparse::few_samples(samples, 10, 5) != sparse::few_samples(samples, 10, 6));
  CHECK(sparse::few_samples(samples, 100, 5).size() == 40);
}

TEST_CASE("a head of class means tells classes apart without training", "[sparse]") {
  const ir::Model model = quant::with_float_head(test::tiny_int8_model(3), 3, 1, "tiny");
  const quant::Samples samples = test::tiny_samples(1, 30), others = test::tiny_samples(2, 60);
  const ir::Model made =
      sparse::with_class_means(model, samples, sparse::few_samples(samples, 30, 0), "tiny");
  CHECK(quant::evaluate(made, others, 1, "tiny").accuracy() > 0.8);
  CHECK(quant::evaluate(made, others, 1, "tiny").accuracy() >
        quant::evaluate(model, others, 1, "tiny").accuracy() + 0.2);
}

TEST_CASE("Fisher scores become contributions", "[sparse]") {
  const ir::Model model = test::tiny_int8_model(3);
  sparse::FisherScores scores;
  scores.weights = {{1, 3}, {0, 0, 0, 0, 0, 0}, std::vector<double>(12, 1), std::vector<double>(12, 0)};
  scores.biases = {0.5, 0.25, 1, 2};
  sparse::ContributionSetup setup;
  setup.network = "tiny";
  setup.layers = setup.bias_base = 4;
  const sparse::Contributions made = sparse::fisher_contributions(model, scores, setup);
  CHECK(made.setup.method == "fisher");
  CHECK(sparse::missing_parts(made, sparse::ExtraMemory(model.graph)).empty());
  using Kind = sparse::Part::Kind;
  CHECK(made.find({Kind::bias, 2, 0})->gain == Approx(3.0 / 16));
  CHECK(made.find({Kind::weights, 0, 1})->gain == Approx(4.0 / 16));
  CHECK(made.find({Kind::weights, 2, 0.25})->gain == Approx(3.0 / 16));
  const auto half = sparse::trained_layers(model, {0, {{0, 0.5}}}).front().channels;
  CHECK(made.find({Kind::weights, 0, 0.125})->gain ==
        Approx((half == std::vector<std::int64_t>{0} ? 1.0 : 3.0) / 16));
}

TEST_CASE("samples that do not fit the network are refused before Fisher scores", "[sparse]") {
  const ir::Model model = test::tiny_int8_model(3);
  const auto refusal = [&](const quant::Samples& samples) {
    return test::message_of([&] { sparse::fisher_scores(model, samples, {}, "tiny"); });
  };
  CHECK(refusal({}) == "tiny: has no samples to judge layers by");
  CHECK(refusal(test::tiny_samples(1, 10, 5)) == "tiny: has 3 classes, but an image is of class 3");
  quant::Samples wrong = test::tiny_samples(1, 4);
  wrong.image_bytes = 30;
  CHECK(refusal(wrong) == "tiny: takes images of 60 numbers, got 30");
}
