// The loop on a task so small that every number can be followed.
#include "train/loop.h"

#include <torch/torch.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "support/test.h"
#include "train/checkpoint.h"

using namespace frugal;

namespace {

// Least squares of a random teacher; at `bad_step` its loss is NaN, at `stop_step` it throws as a crash
// would.
class Regression final : public train::Task {
 public:
  Regression() {
    torch::manual_seed(5);
    weight_ = torch::randn({6}).requires_grad_();
    teacher_ = torch::randn({6});
  }
  tensor::NamedTensors parameters() override { return {{"weight", weight_}}; }
  tensor::NamedTensors state() override { return parameters(); }
  std::int64_t steps_per_epoch() const override { return 4; }
  void start(std::int64_t step) override { started = step; }
  train::StepLoss loss(std::int64_t step) override {
    if (step == crash_step) throw std::runtime_error("crash");
    const torch::Tensor x = torch::randn({8, 6});  // follows from (seed, step): the loop seeds torch
    torch::Tensor loss = (x.matmul(weight_) - x.matmul(teacher_)).square().mean();
    if (step == bad_step) loss = loss * std::numeric_limits<double>::quiet_NaN();
    return {loss, 8};
  }
  train::Metrics evaluate() override {
    return {{"error", (weight_ - teacher_).detach().norm().item<double>()}};
  }

  std::int64_t bad_step = -1, crash_step = -1, started = -1;
  torch::Tensor weight_, teacher_;
};

train::LoopConfig config_of(const std::string& optimizer) {
  train::LoopConfig config;
  config.epochs = 5;
  config.optimizer.kind = optimizer;
  config.ema_decay = 0.9;
  config.checkpoint_every = 3;
  config.log_every = 1;
  return config;
}

train::LoopPlace place_of(const std::string& folder, bool resume = false) {
  train::LoopPlace place;
  place.folder = folder;
  place.config_hash = "h";
  place.quiet = true;
  place.resume = resume;
  return place;
}

}  // namespace

TEST_CASE("a crashed and resumed run ends in the same weights", "[train]") {
  for (const char* optimizer : {"sgd", "adamw"}) {
    INFO(optimizer);
    const train::LoopConfig config = config_of(optimizer);
    test::TempDir whole, broken;
    train::Communicator alone;
    Regression uninterrupted;
    const auto expected = train::run_loop(uninterrupted, config, place_of(whole.path()), alone);

    Regression crashing;
    crashing.crash_step = 10;
    CHECK_THROWS(train::run_loop(crashing, config, place_of(broken.path()), alone));
    Regression resumed;
    const auto result = train::run_loop(resumed, config, place_of(broken.path(), true), alone);
    CHECK(resumed.started == 16);  // the epochs after the checkpoint of step 9 are started, the last at 16
    CHECK(torch::equal(resumed.weight_, uninterrupted.weight_));
    CHECK(result.metrics.at("error") == expected.metrics.at("error"));
    CHECK(result.train_loss == expected.train_loss);
    CHECK(result.examples_seen == 160);
    CHECK(result.metrics.at("error") < 3);

    // The log of the resumed run has the steps of the uninterrupted one, once each.
    const auto steps_of = [](const std::string& path) {
      std::vector<std::int64_t> steps;
      std::istringstream lines(base::read_text(path));
      for (std::string line; std::getline(lines, line);) steps.push_back(nlohmann::json::parse(line)["step"]);
      return steps;
    };
    CHECK(steps_of(broken / "events.jsonl") == steps_of(whole / "events.jsonl"));
  }
}

TEST_CASE("a loss that is not finite stops, and the good checkpoint stays", "[train]") {
  test::TempDir folder;
  train::Communicator alone;
  Regression task;
  task.bad_step = 8;
  CHECK_THROWS_WITH(train::run_loop(task, config_of("sgd"), place_of(folder.path()), alone),
                    Catch::Contains("step 8: the loss is not finite"));
  const checkpoint::SafetensorsFile kept(folder / "checkpoint.safetensors");
  CHECK(nlohmann::json::parse(kept.metadata().at("frugal.train"))["step"] == 6);
  for (const auto& tensor : kept.tensors()) {
    if (tensor.dtype == checkpoint::DType::f32) {
      CHECK(torch::isfinite(tensor::read_tensor(kept, tensor.name)).all().item<bool>());
    }
  }
}

TEST_CASE("a checkpoint that does not belong here is refused", "[train]") {
  test::TempDir folder;
  const std::string path = folder / "c.safetensors";
  train::LoopState state;
  state.config_hash = "a";
  state.step = 7;
  state.epoch_loss = 0.1;
  const torch::Tensor weight = torch::ones({3});
  train::save_checkpoint(path, state, {{"w", weight}});
  const torch::Tensor into = torch::zeros({3});
  const auto back = train::load_checkpoint(path, state, {{"w", into}});
  CHECK(back.step == 7);
  CHECK(back.epoch_loss == 0.1);
  CHECK(torch::equal(into, weight));

  train::LoopState other = state;
  other.config_hash = "b";
  CHECK_THROWS_WITH(train::load_checkpoint(path, other, {{"w", into}}), Catch::Contains("another config"));
  other = state;
  other.world = 2;
  CHECK_THROWS_WITH(train::load_checkpoint(path, other, {{"w", into}}), Catch::Contains("processes"));
  CHECK_THROWS_AS(train::load_checkpoint(path, state, {{"w", into}, {"v", into}}), base::UserError);
  CHECK_THROWS_AS(train::load_checkpoint(path, state, {}), base::UserError);
  tensor::write_tensors(path, {{"w", weight}});
  CHECK_THROWS_WITH(train::load_checkpoint(path, state, {{"w", into}}), Catch::Contains("no checkpoint"));
  tensor::write_tensors(path, {{"w", weight}}, {{"frugal.train", "{\"format\": 1, \"step\": "}});
  CHECK_THROWS_WITH(train::load_checkpoint(path, state, {{"w", into}}), Catch::Contains("not valid JSON"));

  // Cut short anywhere.
  train::save_checkpoint(path, state, {{"w", weight}});
  const std::string bytes = base::read_text(path);
  for (std::size_t length : {std::size_t{0}, std::size_t{5}, std::size_t{40}, bytes.size() - 1}) {
    test::write_text(path, bytes.substr(0, length));
    CHECK_THROWS_AS(train::load_checkpoint(path, state, {{"w", into}}), base::UserError);
  }
}
