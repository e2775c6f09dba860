// A training step as a graph gives what the trainer gives, and updates stand where they may.
#include "passes/updates.h"

#include <algorithm>

#include "ir/operator.h"
#include "ir/text.h"
#include "quant/integer_network.h"
#include "quant/program.h"
#include "quant/trainer.h"
#include "sparse/scheme.h"
#include "support/test.h"
#include "support/tiny_model.h"

namespace frugal {
namespace {

sparse::UpdateScheme scheme_of(int kind) {
  sparse::UpdateScheme scheme;
  scheme.bias_layers = kind == 0 ? 0 : 3;
  if (kind == 2) scheme.weights = {{0, 1}, {1, 0.5}, {2, 0.25}, {3, 0.5}};
  return scheme;
}

passes::TrainingStep step_of(const ir::Model& model, const sparse::UpdateScheme& scheme,
                             const passes::UpdateConfig& config = {}) {
  return passes::with_updates(autodiff::with_backward(model, sparse::trained_layers(model, scheme), "tiny"),
                              config, "tiny");
}

}  // namespace

TEST_CASE("a step's graph changes the stored numbers as the trainer does", "[passes]") {
  for (const bool integer : {false, true}) {
    for (int kind = 0; kind < 3; ++kind) {
      const ir::Model model = integer ? quant::with_integer_head(test::tiny_int8_model(4, "integer"), "tiny")
                                      : test::tiny_int8_model(4);
      const sparse::UpdateScheme scheme = scheme_of(kind);
      quant::TrainerConfig config;
      config.storage = integer ? quant::Storage::integer : quant::Storage::stochastic;
      config.seed = 3;
      const double rate = 0.125;
      quant::Trainer trainer(model, sparse::trained_layers(model, scheme), config, "tiny");
      const passes::TrainingStep step = step_of(model, scheme);
      const quant::Program program(step.model, "tiny");
      quant::Parameters parameters(step.model, program.layouts());
      quant::Workspace workspace(program, parameters);
      const quant::Samples samples = test::tiny_samples(1, 12);
      for (std::size_t i = 0; i < samples.size(); ++i) {
        const std::size_t which[] = {i};
        trainer.step(samples, which, rate);
        program.put_bytes(workspace, step.image, samples.image(i));
        *workspace.at<std::int32_t>(step.label) = samples.labels[i];
        *workspace.at<std::uint32_t>(step.seed) = ops_rounding_seed(3, static_cast<std::uint32_t>(i));
        if (integer) {
          workspace.at<std::int32_t>(step.rate)[0] = 1 << 30;
          workspace.at<std::int32_t>(step.rate)[1] = -2;
        } else {
          *workspace.at<float>(step.rate) = static_cast<float>(rate);
        }
        program.run(workspace, ir::whole(step.model.graph));
      }
      const ir::Model learnt = trainer.model();
      INFO("integer " << integer << " kind " << kind);
      CHECK(step.trained.size() >= 2);
      for (const passes::Trained& one : step.trained) {
        const ir::TensorId id = one.parameter;
        ir::Model mine = step.model;
        parameters.store(mine, id);
        CHECK(mine.data[static_cast<std::size_t>(id)] == learnt.data[static_cast<std::size_t>(id)]);
        if (kind == 2)
          CHECK(mine.data[static_cast<std::size_t>(id)] != model.data[static_cast<std::size_t>(id)]);
      }
    }
  }
}

TEST_CASE("an update stands behind every reader of what it overwrites, and directly behind the last",
          "[passes]") {
  const ir::Model model = test::tiny_int8_model(2);
  const passes::TrainingStep step = step_of(model, scheme_of(2));
  const std::vector<ir::Node>& nodes = step.model.graph.nodes;
  std::size_t updates = 0;
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    if (nodes[n].op->name != std::string("update")) continue;
    ++updates;
    for (std::size_t later = n + 1; later < nodes.size(); ++later) {
      const auto& reads = nodes[later].inputs;
      CHECK(std::find(reads.begin(), reads.end(), nodes[n].inputs[0]) == reads.end());
    }
  }
  CHECK(updates == step.trained.size());
  CHECK(nodes.back().op->name == std::string("update"));
  CHECK(nodes[nodes.size() - 4].op->name != std::string("update"));
  // The text form reads back.
  const std::string text = ir::to_text(step.model.graph);
  CHECK(ir::to_text(ir::from_text(text, "step")) == text);

  passes::UpdateConfig late;
  late.early = false;
  const passes::TrainingStep at_end = step_of(model, scheme_of(2), late);
  const auto& last = at_end.model.graph.nodes;
  for (std::size_t n = last.size() - step.trained.size(); n < last.size(); ++n)
    CHECK(last[n].op->name == std::string("update"));
}

}  // namespace frugal
