// Fisher information of parts: against its definition from the gradients of single samples, row by row; what
// a rate makes of it; and as contributions.
#include "sparse/fisher.h"
#include "autodiff/backward.h"
#include "quant/program.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "quant/head.h"
#include "sparse/knapsack.h"
#include "support/message_of.h"
#include "support/test.h"
#include "support/tiny_model.h"

using namespace frugal;

namespace {

// Gradients of every sample by real numbers, times the root of h, in row-major order: of the weights of
// "expand" (layer 1) whose input channel is in `channels`, or of the biases of the last two layers.
std::vector<std::vector<double>> gradients_of(const ir::Model& model, const quant::Samples& samples,
                                              const std::vector<bool>& channels, bool biases) {
  const std::vector<ir::NodeId> layers = sparse::scheme_layers(model.graph);
  std::vector<autodiff::TrainedLayer> all;
  for (const ir::NodeId id : layers) all.push_back({id, true, true, {}});
  const autodiff::TrainingGraph training = autodiff::with_backward(model, all, "tiny");
  const ir::Graph& graph = training.model.graph;
  const quant::Program program(training.model, "tiny", quant::Program::Memory::keep_all);
  const quant::Parameters parameters(training.model, program.layouts());
  quant::Workspace workspace(program, parameters);
  std::vector<std::vector<double>> rows;
  for (std::size_t n = 0; n < samples.size(); ++n) {
    program.put<std::int8_t>(workspace, training.image, samples.image(n));
    *workspace.at<std::int32_t>(training.label) = samples.labels[n];
    program.run(workspace, ir::whole(graph));
    const std::vector<float> logits = program.get<float>(workspace, training.logits);
    std::vector<double> p;
    double sum = 0, squares = 0, off = 0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
    for (const float logit : logits) p.push_back(std::exp(static_cast<double>(logit)) / sum);
    for (std::size_t c = 0; c < p.size(); ++c) {
      squares += p[c] * p[c];
      const double y = samples.labels[n] == static_cast<std::int32_t>(c) ? 1 : 0;
      off += (p[c] - y) * (p[c] - y);
    }
    const double root = std::sqrt((1 - squares) / off);
    std::vector<double> row;
    for (const autodiff::Gradient& gradient : training.gradients) {
      const ir::Node& node = graph.nodes[static_cast<std::size_t>(gradient.node)];
      const bool is_bias = gradient.parameter == node.inputs[2];
      const bool wanted = biases ? is_bias && (gradient.node == layers[2] || gradient.node == layers[3])
                                 : !is_bias && gradient.node == layers[1];
      if (!wanted) continue;
      const auto& scales = graph.tensor(node.inputs[1]).quantization->scale;
      const double taken = is_bias ? graph.tensor(node.inputs[0]).quantization->scale[0] : 1;
      const std::vector<float> g = program.get<float>(workspace, gradient.gradient);
      const std::size_t each = g.size() / scales.size();
      for (std::size_t i = 0; i < g.size(); ++i) {
        if (!biases && !channels[i % each]) continue;
        row.push_back(root * g[i] / (scales[i / each] * taken));
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

// η·tr F − η²/2·tr F².
double worth(const std::vector<std::vector<double>>& rows, double rate) {
  const auto count = static_cast<double>(rows.size());
  double trace = 0, squares = 0;
  for (const auto& a : rows) {
    for (const auto& b : rows) {
      const double product = std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
      squares += product * product;
      if (&a == &b) trace += product;
    }
  }
  return rate * trace / count - rate * rate / 2 * squares / count / count;
}

sparse::ContributionSetup tiny_setup() {
  sparse::ContributionSetup setup;
  setup.network = "tiny";
  setup.layers = setup.bias_base = 4;
  return setup;
}

}  // namespace

TEST_CASE("the worth of a part is the Fisher information of its gradients at a rate", "[sparse]") {
  const ir::Model model = test::tiny_int8_model(3);
  const quant::Samples samples = test::tiny_samples(1, 12);
  sparse::FisherConfig config;
  config.new_head = false;
  config.most_samples = 12;
  const sparse::FisherScores scores = sparse::fisher_scores(model, samples, config, "tiny");
  CHECK(scores.forward_passes == 12);
  CHECK(scores.backward_passes == 12);
  std::vector<bool> half(6, false);
  const autodiff::TrainedLayer trained = sparse::trained_layers(model, {0, {{1, 0.5}}}).front();
  for (const std::int64_t c : trained.channels) half[static_cast<std::size_t>(c)] = true;
  CHECK(std::count(half.begin(), half.end(), true) == 3);
  using Kind = sparse::Part::Kind;
  for (const double rate : {1e-4, 0.02, 1e4}) {
    const sparse::Contributions made = sparse::fisher_contributions(model, scores, tiny_setup(), rate);
    const auto check = [&](const sparse::Part& part, const std::vector<bool>& channels, bool biases) {
      INFO(sparse::describe(part) << ", rate " << rate);
      CHECK(made.find(part)->gain ==
            Approx(worth(gradients_of(model, samples, channels, biases), rate)).epsilon(1e-4));
    };
    check({Kind::weights, 1, 0.5}, half, false);
    check({Kind::weights, 1, 1}, std::vector<bool>(6, true), false);
    check({Kind::bias, 2, 0}, {}, true);
    CHECK((made.find({Kind::weights, 1, 1})->gain > 0) ==
          (rate < 1));  // a step that overshoots is worth nothing
  }
}

TEST_CASE("Fisher scores do not depend on threads; samples are drawn with the classes in turn", "[sparse]") {
  const ir::Model model = test::tiny_int8_model(3);
  const quant::Samples samples = test::tiny_samples(1, 40);
  sparse::FisherConfig config;
  config.most_samples = 10;
  const sparse::FisherScores one = sparse::fisher_scores(model, samples, config, "tiny");
  config.threads = 3;
  const sparse::FisherScores three = sparse::fisher_scores(model, samples, config, "tiny");
  REQUIRE(one.weights.size() == 4);
  for (std::size_t layer = 0; layer < 4; ++layer) {
    CHECK(one.weights[layer].values == three.weights[layer].values);
    CHECK(one.biases[layer].values == three.biases[layer].values);
    CHECK(one.weights[layer].values != std::vector<float>(one.weights[layer].values.size(), 0));
  }
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
  scores.samples = 2;
  scores.weights.resize(4);
  scores.biases.resize(4);
  scores.weights[0] = {{1, 0, 0, 2}, {0, 1}};  // two channels, of one sample each
  scores.biases[3] = {{1, 1}, {0}};
  scores.biases[2] = {{3, 0}, {0}};
  const sparse::Contributions made = sparse::fisher_contributions(model, scores, tiny_setup(), 0.1);
  CHECK(made.setup.method == "fisher");
  CHECK(sparse::missing_parts(made, sparse::ExtraMemory(model.graph)).empty());
  using Kind = sparse::Part::Kind;
  const double all = 0.1 * 5 / 2 - 0.01 / 2 * (1 + 16) / 4;
  CHECK(made.find({Kind::weights, 0, 1})->gain == Approx(all));
  const auto half = sparse::trained_layers(model, {0, {{0, 0.5}}}).front().channels;
  const double one = half == std::vector<std::int64_t>{0} ? 1 : 4;
  CHECK(made.find({Kind::weights, 0, 0.125})->gain == Approx(0.1 * one / 2 - 0.01 / 2 * one * one / 4));
  CHECK(made.find({Kind::bias, 1, 0})->gain == Approx(0.1 * 2 / 2 - 0.01 / 2 * 4 / 4));
  CHECK(made.find({Kind::bias, 2, 0})->gain == Approx(0.1 * 11 / 2 - 0.01 / 2 * (100 + 1 + 1 + 1) / 4));
  CHECK(made.find({Kind::bias, 4, 0})->gain == made.find({Kind::bias, 2, 0})->gain);
  CHECK(made.find({Kind::weights, 1, 1})->gain == 0);
  CHECK(made.find({})->gain == 0);
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
