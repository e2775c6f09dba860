// The learned operator: where it starts, that it learns, and that it says so where it did not.
#include "grow/ligo.h"

#include <torch/torch.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "grow/learn.h"
#include "grow/savings.h"
#include "support/test.h"
#include "train/transformers/evaluate.h"
#include "train/transformers/model.h"

using namespace frugal;
using Catch::Contains;
using torch::Tensor;

namespace {

train::LoadedModel small(const std::string& architecture) {
  train::ModelChoice choice;
  choice.architecture = architecture;
  choice.hidden_size = 16;
  choice.layers = 2;
  choice.heads = 4;
  choice.kv_heads = architecture == "llama" ? 2 : 0;
  choice.vocab_size = 40;
  choice.positions = 12;
  choice.image_size = 8;
  choice.patch_size = 4;
  choice.head_bias = architecture == "gpt2";
  choice.init_std = 0.2;
  train::LoadedModel loaded = train::load_model(choice, 3);
  torch::manual_seed(4);
  for (auto& [name, tensor] : loaded.weights.list()) {
    if (name.find("bias") != std::string::npos || name.find("norm") != std::string::npos) {
      tensor = tensor + torch::randn_like(tensor) * 0.1;
    }
  }
  return loaded;
}

model::TransformerInput input_of(const model::TransformerConfig& config) {
  torch::manual_seed(5);
  model::TransformerInput input;
  if (config.image()) {
    input.pixels = torch::randn({3, config.channels, config.image_size, config.image_size});
  } else {
    input.ids = torch::randint(config.vocab_size, {3, 12}, torch::kInt64);
  }
  return input;
}

double difference(const train::LoadedModel& source, const grow::Ligo& ligo) {
  const torch::NoGradGuard no_grad;
  const auto input = input_of(source.config);
  const Tensor before = model::logits(source.config, source.weights, input);
  const Tensor after = model::logits(ligo.target(), ligo.expand(), input);
  return (before - after).abs().max().item<double>();
}

}  // namespace

TEST_CASE("the learned operator starts at the source's function for whole multiples", "[grow]") {
  for (const char* architecture : {"gpt2", "llama", "bert", "vit"}) {
    INFO(architecture);
    const auto source = small(architecture);
    grow::TargetConfig sizes;
    sizes.hidden_size = 32;
    sizes.layers = source.config.pre_norm ? 5 : 2;
    const auto target = grow::target_of(source.config, sizes);
    for (const bool share : {true, false}) {
      for (const char* heads : {"whole", "free"}) {
        if (source.config.rotary && std::string(heads) == "free") continue;
        grow::LigoConfig config;
        config.share_layers = share;
        config.heads = heads;
        const grow::Ligo ligo(source.config, target, source.weights, config, 0);
        CHECK(difference(source, ligo) < 2e-5);
        CHECK(ligo.moved() == 0);
      }
    }
  }
  const auto source = small("llama");
  grow::TargetConfig sizes;
  sizes.hidden_size = 32;
  grow::LigoConfig free;
  free.heads = "free";
  CHECK_THROWS_WITH(grow::Ligo(source.config, grow::target_of(source.config, sizes), source.weights, free, 0),
                    Contains("rotary"));
}

TEST_CASE("the operator of the paper's small case has 82 thousand parameters", "[grow]") {
  train::ModelChoice choice;
  choice.hidden_size = 64;
  choice.layers = 2;
  choice.heads = 2;
  choice.head_bias = true;
  const auto source = train::load_model(choice, 0);
  grow::TargetConfig sizes;
  sizes.hidden_size = 128;
  sizes.layers = 4;
  const grow::Ligo ligo(source.config, grow::target_of(source.config, sizes), source.weights, {}, 0);
  CHECK(ligo.parameter_count() == 64 * 64 * 4 + 256 * 256 + 16 * 8);
  grow::TargetConfig depth;
  depth.layers = 4;
  CHECK(grow::Ligo(source.config, grow::target_of(source.config, depth), source.weights, {}, 0)
            .parameter_count() == 128);
}

TEST_CASE("gradients reach every factor, and are what a small change gives", "[grow]") {
  const auto source = small("gpt2");
  grow::TargetConfig sizes;
  sizes.hidden_size = 24;
  sizes.heads = 6;
  sizes.layers = 3;
  grow::LigoConfig config;
  config.noise = 0.05;
  const grow::Ligo ligo(source.config, grow::target_of(source.config, sizes), source.weights, config, 0);
  const auto input = input_of(source.config);
  const auto loss = [&] { return model::logits(ligo.target(), ligo.expand(), input).square().mean(); };
  loss().backward();
  const torch::NoGradGuard no_grad;
  for (const auto& [name, factor] : ligo.factors()) {
    INFO(name);
    Tensor into = factor;
    const Tensor gradient = factor.grad();
    REQUIRE(gradient.defined());
    // Keys' biases do not change the softmax.
    if (name == "depth.k.bias") continue;
    const double norm = gradient.norm().item<double>();
    REQUIRE(norm > 0);
    const Tensor along = gradient / norm * (2e-3 * factor.norm());
    into += along;
    const double up = loss().item<double>();
    into -= 2 * along;
    const double down = loss().item<double>();
    into += along;
    CHECK((up - down) / 2 == Approx((along * gradient).sum().item<double>()).epsilon(0.05).margin(2e-5));
  }
}

TEST_CASE("learning lowers the loss, or fails loudly", "[grow]") {
  test::TempDir folder;
  std::string bytes;
  for (int i = 0, token = 3; i < 2000; ++i, token = (token * 5 + (i % 7 == 0 ? 2 : 1)) % 32) {
    bytes += static_cast<char>(token);
    bytes += '\0';
  }
  test::write_text(folder / "t.bin", bytes);
  train::TransformerRunConfig train;
  train.threads = 1;
  train.model.hidden_size = 16;
  train.model.layers = 1;
  train.model.heads = 2;
  train.model.vocab_size = 32;
  train.model.positions = 16;
  train.objective.tokens.train = train.objective.tokens.validation = folder / "t.bin";
  train.objective.tokens.sequence_length = 16;
  train.objective.batch.size = 8;
  train.loop.steps = 25;
  train.loop.schedule.lr_peak = 1e-2;
  train.loop.schedule.warmup_steps = 3;
  train::Communicator alone;
  run_transformer(train, {folder / "small", false, true, "cpu"}, alone);

  grow::LearnConfig learn;
  learn.model = folder / "small";
  learn.target.hidden_size = 32;
  learn.target.layers = 2;
  learn.objective = train.objective;
  learn.threads = 1;
  learn.loop.steps = 10;
  learn.loop.schedule.warmup_steps = 2;
  const auto line = grow::learn(learn, {folder / "large", false, true, "cpu"}, alone);
  CHECK(line["loss"].get<double>() < line["start_loss"].get<double>());
  CHECK(line["start_loss"].get<double>() == Approx(line["source_loss"].get<double>()).margin(1e-4));
  CHECK(std::filesystem::exists(folder / "large/report.html"));
  // The directory holds what was learned.
  const auto again = train::evaluate_transformer(train, folder / "large");
  CHECK(again["loss"].get<double>() == Approx(line["loss"].get<double>()).epsilon(1e-5));

  learn.loop.schedule.lr_peak = 1e-9;
  CHECK_THROWS_WITH(grow::learn(learn, {folder / "still", false, true, "cpu"}, alone),
                    Contains("the operator did not move"));
  CHECK_FALSE(std::filesystem::exists(folder / "still/model.safetensors"));
  learn.loop.schedule.lr_peak = 3;
  CHECK_THROWS_WITH(grow::learn(learn, {folder / "worse", false, true, "cpu"}, alone),
                    Contains("nothing was learned") || Contains("not finite"));
  learn.target.hidden_size = 8;
  CHECK_THROWS_WITH(grow::learn(learn, {folder / "smaller", false, true, "cpu"}, alone),
                    Contains("smaller than the source"));
}

TEST_CASE("savings are where the curve crosses the loss", "[grow]") {
  const grow::Curve curve{{0, 10, 20}, {4, 3, 2.5}};
  CHECK(*grow::compute_to(curve, 3.5) == Approx(5));
  CHECK(*grow::compute_to(curve, 2.5) == Approx(20));
  CHECK(*grow::compute_to(curve, 5) == Approx(0));
  CHECK_FALSE(grow::compute_to(curve, 2));
  const grow::Mean mean = grow::mean_of({1, 2, 3});
  CHECK(mean.mean == Approx(2));
  CHECK(mean.high == Approx(2 + 4.303 / std::sqrt(3.0)).epsilon(1e-3));
}
