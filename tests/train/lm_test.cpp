// Training a transformer: losses and their gradients against torch's own, accumulation, dropping, and what
// does not fit.
#include <torch/torch.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "model/kernels/fast_gelu.h"
#include "support/test.h"
#include "train/transformers/cross_entropy.h"
#include "train/transformers/evaluate.h"
#include "train/transformers/run.h"
#include "train/transformers/task.h"

using namespace frugal;
using Catch::Contains;
using torch::Tensor;

namespace {

// Tokens in which each follows from the one before, so that there is something to learn.
void write_walk(const std::string& path, int count, int vocabulary) {
  std::string bytes;
  for (int i = 0, token = 3; i < count; ++i, token = (token * 5 + (i % 7 == 0 ? 2 : 1)) % vocabulary) {
    bytes += static_cast<char>(token);
    bytes += '\0';
  }
  test::write_text(path, bytes);
}

train::TransformerRunConfig tiny(const test::TempDir& folder, const std::string& architecture = "gpt2") {
  write_walk(folder / "train.bin", 2000, 32);
  write_walk(folder / "validation.bin", 300, 32);
  train::TransformerRunConfig config;
  config.threads = 1;
  config.model.architecture = architecture;
  config.model.hidden_size = 16;
  config.model.layers = 2;
  config.model.heads = 2;
  config.model.vocab_size = 33;
  config.model.positions = 16;
  config.objective.kind = architecture == "bert" ? "masked" : "causal";
  config.objective.mask_token_id = 32;
  config.objective.tokens.train = folder / "train.bin";
  config.objective.tokens.validation = folder / "validation.bin";
  config.objective.tokens.sequence_length = 16;
  config.objective.batch.size = 8;
  config.loop.steps = 30;
  config.loop.schedule.lr_peak = 1e-2;
  config.loop.schedule.warmup_steps = 3;
  return config;
}

nlohmann::ordered_json run(const train::TransformerRunConfig& config, const std::string& out,
                           bool resume = false) {
  train::Communicator alone;
  return train::run_transformer(config, {out, resume, true, "cpu"}, alone);
}

}  // namespace

TEST_CASE("cross entropy and its gradient are torch's", "[train]") {
  torch::manual_seed(1);
  for (const std::int64_t width : {5, 16, 1000}) {
    const Tensor start = torch::randn({7, width}) * 4;
    const Tensor targets = torch::randint(width, {7}, torch::kInt64);
    Tensor a = start.clone().requires_grad_(), b = start.clone().requires_grad_();
    const Tensor mine = train::scaled_cross_entropy(a * 1, targets, 0.25);
    const Tensor theirs = torch::cross_entropy_loss(b, targets, {}, at::Reduction::Sum) * 0.25;
    CHECK(mine.item<double>() == Approx(theirs.item<double>()).epsilon(1e-6));
    (mine * 3).backward();
    (theirs * 3).backward();
    CHECK((a.grad() - b.grad()).abs().max().item<double>() < 2e-6);
    const torch::NoGradGuard no_grad;
    CHECK(train::scaled_cross_entropy(start, targets, 0.25).item<double>() == Approx(theirs.item<double>()));
  }
  Tensor bad = torch::full({2, 20}, std::numeric_limits<float>::quiet_NaN()).requires_grad_();
  CHECK(std::isnan(train::scaled_cross_entropy(bad * 1, torch::zeros({2}, torch::kInt64), 1).item<double>()));
}

TEST_CASE("GELU and its slope are torch's", "[model]") {
  const Tensor start = torch::linspace(-12, 12, 5003);
  Tensor a = start.clone().requires_grad_(), b = start.clone().requires_grad_();
  const Tensor mine = model::gelu(a), theirs = torch::gelu(b);
  const Tensor unit = start.abs().clamp_min(1);  // a few roundings of x itself
  CHECK(((mine - theirs).abs() / unit).max().item<double>() < 4e-7);
  mine.sum().backward();
  theirs.sum().backward();
  CHECK((a.grad() - b.grad()).abs().max().item<double>() < 1e-6);
}

TEST_CASE("nearest neighbours vote by direction", "[train]") {
  torch::manual_seed(2);
  // Two classes along two axes, of any length; a common offset must not matter.
  const Tensor labels = torch::arange(40).remainder(2);
  const Tensor axes = torch::nn::functional::one_hot(labels, 2).to(torch::kFloat32);
  const auto examples = [&](double noise) {
    const Tensor features = axes * (1 + torch::rand({40, 1})) + noise * torch::randn({40, 2}) + 100;
    return train::LabelledFeatures{features, labels};
  };
  CHECK(train::knn_error(examples(0.05), examples(0.05), 5) == 0);
  train::LabelledFeatures swapped = examples(0.05);
  swapped.labels = 1 - swapped.labels;
  CHECK(train::knn_error(examples(0.05), swapped, 5) == 1);
  CHECK(train::knn_error(examples(0.05), examples(0.05), 1000) ==
        Approx(0.5));  // all vote: a tie, the lower class
}

TEST_CASE("a batch in parts has the whole batch's gradient", "[train]") {
  test::TempDir folder;
  for (const char* architecture : {"gpt2", "bert"}) {
    const auto config = tiny(folder, architecture);
    const auto loaded = train::load_model(config.model, 0);
    train::Communicator alone;
    const auto objective = train::make_objective(config.objective, loaded.config, "", 0, alone);
    std::vector<tensor::NamedTensors> gradients;
    std::vector<double> losses;
    for (const int parts : {1, 4}) {
      train::TransformerTask task(loaded.config, loaded.weights, *objective, parts, {}, 0, 0, alone);
      const auto step = task.loss(3);
      step.loss.backward();
      losses.push_back(step.loss.item<double>());
      gradients.emplace_back();
      for (const auto& [name, parameter] : task.parameters())
        gradients.back().emplace_back(name, parameter.grad());
    }
    CHECK(losses[0] == Approx(losses[1]).epsilon(1e-5));
    for (std::size_t i = 0; i < gradients[0].size(); ++i) {
      INFO(gradients[0][i].first);
      CHECK(torch::allclose(gradients[0][i].second, gradients[1][i].second, 1e-4, 1e-6));
    }
  }
}

TEST_CASE("a run learns, and its directory goes on where it ended", "[train]") {
  test::TempDir folder;
  for (const char* architecture : {"gpt2", "bert"}) {
    auto config = tiny(folder, architecture);
    config.keep_optimizer = true;
    const std::string out = folder / architecture;
    const auto line = run(config, out);
    CHECK(line["start_loss"].get<double>() == Approx(std::log(33.0)).margin(0.1));
    CHECK(line["loss"].get<double>() < line["start_loss"].get<double>() - 0.2);
    const auto again = train::evaluate_transformer(config, out);
    CHECK(again["loss"].get<double>() == Approx(line["loss"].get<double>()).epsilon(1e-6));
    auto next = config;
    next.model.path = out;
    next.start_optimizer = true;
    next.loop.steps = 5;
    next.loop.schedule.warmup_steps = 0;
    next.loop.schedule.lr_peak = 1e-3;
    const auto more = run(next, folder / (std::string(architecture) + "-next"));
    CHECK(more["start_loss"].get<double>() == Approx(line["loss"].get<double>()).epsilon(1e-6));
    CHECK(more["loss"].get<double>() < line["loss"].get<double>() + 0.01);
    CHECK_THROWS_WITH(run(next, out), Contains("another config or seed"));
  }
}

TEST_CASE("dropped layers and tokens cost less and still learn", "[train]") {
  test::TempDir folder;
  auto config = tiny(folder);
  config.model.layers = 4;
  const auto whole = run(config, folder / "whole");
  config.drop.layer_keep = 0.5;
  config.drop.token_keep = 0.5;
  const auto dropped = run(config, folder / "dropped");
  CHECK(dropped["compute"].get<double>() < 0.85 * whole["compute"].get<double>());
  CHECK(dropped["loss"].get<double>() < dropped["start_loss"].get<double>() - 0.2);
}

TEST_CASE("what does not fit is said before anything is trained", "[train]") {
  test::TempDir folder;
  const auto refused = [&](const std::function<void(train::TransformerRunConfig&)>& change,
                           const std::string& words) {
    auto config = tiny(folder);
    change(config);
    INFO(words);
    CHECK_THROWS_WITH(run(config, folder / "out"), Contains(words));
    CHECK_FALSE(std::filesystem::exists(folder / "out/model.safetensors"));
  };
  refused([](auto& c) { c.model.vocab_size = 20; }, "is out of range: the model's vocabulary has 20");
  refused([](auto& c) { c.objective.tokens.sequence_length = 17; },
          "17 tokens do not fit the model's 16 positions");
  refused([](auto& c) { c.objective.kind = "masked"; }, "cannot be trained with objective \"masked\"");
  refused([](auto& c) { c.accumulate = 3; }, "3 parts do not divide a batch of 8");
  refused([](auto& c) { c.objective.tokens.train = "/nowhere.bin"; }, "/nowhere.bin");
  refused([](auto& c) { c.objective.tokens.train = ""; }, "names no tokens");
  refused([](auto& c) { c.model.heads = 3; }, "head");
  refused(
      [&](auto& c) {
        test::write_text(folder / "empty.bin", "");
        c.objective.tokens.train = folder / "empty.bin";
      },
      "holds no tokens");
  refused(
      [&](auto& c) {
        test::write_text(folder / "a.txt", "In the beginning");
        c.objective.tokens.train = folder / "a.txt";
      },
      "there is no tokenizer to read it with");
  refused(
      [&](auto& c) {  // a tokenizer of a larger vocabulary than the model's
        test::write_text(folder / "vocab.txt", "[UNK]\nin\nthe\n" + std::string(60, '\n') + "beginning\n");
        test::write_text(folder / "a.txt",
                         "In the beginning in the beginning the in the in the in the in the in the in");
        c.objective.tokens.train = c.objective.tokens.validation = folder / "a.txt";
        c.objective.tokens.tokenizer = folder / "vocab.txt";
      },
      "was made with a vocabulary of 64, but the model has 33");
  refused(
      [](auto& c) {
        c.loop.schedule.lr_peak = 1e20;
        c.loop.schedule.warmup_steps = 0;
        c.loop.optimizer.clip_norm = 0;
      },
      "not finite");
}
