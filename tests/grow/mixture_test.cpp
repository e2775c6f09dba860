// Dense models that become mixtures of experts: the function is kept, what is drawn anew is what was asked
// for, and what a Mixtral cannot be is refused.
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/transformer/hf_model.h"
#include "support/grown.h"

using namespace frugal;
using namespace frugal::grow;
using model::TransformerConfig;
using model::Weights;
using test::Grown;
using test::tiny_config;

namespace {

Grown upcycled(const TransformerConfig& source, const TargetConfig& sizes,
               const OperatorConfig& config = {}) {
  return test::grow_and_measure(source, sizes, config, torch::kFloat64);
}

TargetConfig mixture_of(std::int64_t experts, std::int64_t per_token = 2) {
  TargetConfig sizes;
  sizes.experts = experts;
  sizes.experts_per_token = per_token;
  return sizes;
}

}  // namespace

TEST_CASE("a dense decoder becomes a mixture of its copies and keeps its function, at any width and depth") {
  const TransformerConfig source = tiny_config("llama");
  for (const std::int64_t hidden : {16, 24, 32}) {
    CAPTURE(hidden);
    TargetConfig sizes = mixture_of(hidden == 24 ? 3 : 4, hidden == 32 ? 1 : 2);
    sizes.hidden_size = hidden;
    sizes.layers = hidden == 24 ? 3 : 2;
    const Grown one = upcycled(source, sizes);
    CHECK(one.difference < 1e-12);
    CHECK(one.plan.keeps == "the function");
    CHECK(one.plan.target.model_type == "mixtral");
    CHECK(one.large.at("layers.1.router.weight").std().item<double>() > 0);
  }
}

TEST_CASE("drop-upcycling draws the same share of units anew in each expert, each its own") {
  const TransformerConfig source = tiny_config("llama");
  OperatorConfig config;
  config.redrawn = 0.5;
  const Grown one = upcycled(source, mixture_of(3), config);
  CHECK(one.plan.keeps.empty());
  CHECK(one.difference > 1e-3);
  torch::Tensor before;
  for (int expert = 0; expert < 3; ++expert) {
    const std::string at = "layers.0.experts." + std::to_string(expert) + ".";
    const auto changed = [&](const char* name, std::int64_t along) {
      return one.large.at(at + name).ne(one.small.at(std::string("layers.0.") + name)).any(along);
    };
    const torch::Tensor units = changed("ffn_in.weight", 1);
    CHECK(units.sum().item<std::int64_t>() == source.ffn_size / 2);
    CHECK(units.equal(changed("ffn_gate.weight", 1)));
    CHECK(units.equal(changed("ffn_out.weight", 0)));
    if (before.defined()) CHECK(!units.equal(before));
    before = units;
    const torch::Tensor drawn = one.large.at(at + "ffn_in.weight").index({units});
    CHECK(drawn.std().item<double>() ==
          Approx(one.small.at("layers.0.ffn_in.weight").std().item<double>()).epsilon(0.2));
  }
  CHECK_THROWS_AS(make_plan(source, target_of(source, TargetConfig()), config, 3), base::UserError);
}

TEST_CASE("what a Mixtral cannot be is refused by what it has") {
  const auto refusal = [](const TransformerConfig& source) -> std::string {
    try {
      target_of(source, mixture_of(4));
    } catch (const base::UserError& error) {
      return error.message();
    }
    return "";
  };
  CHECK(refusal(tiny_config("gpt2")).find("a gpt2 has not LLaMA's layers") == 0);
  CHECK(refusal(tiny_config("qwen3")).find("norms on q and k") != std::string::npos);
  CHECK(refusal(tiny_config("gemma2")).find("Gemma's") != std::string::npos);
  CHECK(refusal(tiny_config("mixtral")).find("is a mixture already") != std::string::npos);
  TransformerConfig biased = tiny_config("llama");
  biased.qkv_bias = true;
  CHECK(refusal(biased).find("has biases") != std::string::npos);
  CHECK_THROWS_AS(target_of(tiny_config("llama"), mixture_of(2, 3)), base::UserError);
  TargetConfig many = mixture_of(10'000);
  many.layers = 10'000;  // refused before a table of their weights is made
  CHECK_THROWS_AS(target_of(tiny_config("llama"), many), base::UserError);
}

TEST_CASE(
    "a mixture's directory says what it is: rotary base, window and tokens of the dense one, and no more") {
  TransformerConfig source = tiny_config("llama");
  source.rope.theta = 777;
  source.window = 5;
  source.json = R"({"model_type": "llama", "architectures": ["LlamaForCausalLM"], "mlp_bias": false,
                    "rope_theta": 777.0, "eos_token_id": 3})";
  const Grown one = upcycled(source, mixture_of(4));
  test::TempDir dir;
  Weights written;
  for (const auto& [name, tensor] : one.large.list()) written.set(name, tensor.to(torch::kFloat32));
  model::write_hf(dir / "m", one.plan.target, written, checkpoint::DType::f32);
  const model::HfModel back(dir / "m");
  CHECK(back.config().rope.theta == 777);
  CHECK(back.config().window == 5);
  CHECK(back.config().experts == 4);
  CHECK(back.config().experts_per_token == 2);
  const auto json = nlohmann::json::parse(back.config().json);
  CHECK(json["architectures"][0] == "MixtralForCausalLM");
  CHECK(json["eos_token_id"] == 3);
  CHECK(!json.contains("mlp_bias"));
}
