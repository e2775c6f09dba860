#include "model/transformer/transformer.h"

#include <torch/torch.h>

#include "base/error.h"
#include "model/transformer/architectures.h"
#include "support/test.h"
#include "support/tiny_transformer.h"

using namespace frugal;
using namespace frugal::model;

TEST_CASE("joined and separate products give the same logits, and unfuse undoes fuse") {
  for (const char* type : {"gpt2", "llama", "mixtral", "modernbert"}) {
    const TransformerConfig config = test::tiny_config(type);
    const Weights weights = initial_weights(config, 1, 0.3);
    const Weights joined = fuse(config, weights);
    const TransformerInput input{torch::randint(20, {2, 8}), {}, {}, {}};
    const torch::Tensor a = logits(config, weights, input), b = logits(config, joined, input);
    REQUIRE((a - b).abs().max().item<double>() < 1e-5);
    const Weights back = unfuse(config, joined);
    REQUIRE(back.list().size() == weights.list().size());
    for (const auto& [name, tensor] : weights.list()) REQUIRE(back.at(name).equal(tensor));
  }
}

TEST_CASE("a causal model does not see what comes later") {
  for (const char* type : {"gpt2", "llama"}) {
    const TransformerConfig config = test::tiny_config(type);
    const Weights weights = initial_weights(config, 2, 0.3);
    torch::Tensor ids = torch::randint(20, {1, 8});
    const torch::Tensor before = logits(config, weights, {ids, {}, {}, {}}).clone();
    ids[0][7] = (ids[0][7].item<std::int64_t>() + 1) % 20;
    const torch::Tensor after = logits(config, weights, {ids, {}, {}, {}});
    REQUIRE((before - after).narrow(1, 0, 7).abs().max().item<double>() < 1e-6);
    REQUIRE((before - after).select(1, 7).abs().max().item<double>() > 1e-3);
  }
}

TEST_CASE("every weight that takes part gets a gradient, whatever the architecture") {
  for (const char* type :
       {"electra", "modernbert", "dinov2", "mixtral", "t5", "clip_text_model", "clip_vision_model"}) {
    TransformerConfig config = test::tiny_config(type);
    config.experts_per_token = config.experts;  // whom a router passes over hangs on the random numbers
    const Weights weights = test::shaken(config, 2);
    for (const auto& [name, tensor] : weights.list()) tensor.requires_grad_();
    TransformerInput input;
    if (config.image()) {
      input.pixels = torch::randn({2, 3, 8, 8});
    } else {
      input.ids = torch::randint(20, {2, 8});
    }
    const torch::Tensor out = logits(config, weights, input);
    (out * torch::randn_like(out)).sum().backward();
    for (const auto& [name, tensor] : weights.list()) {
      CAPTURE(type, name);
      const bool read = !name.starts_with("mask_token");  // it stands for patches that are hidden in training
      CHECK((tensor.grad().defined() && tensor.grad().abs().max().item<double>() > 0) == read);
    }
  }
}

TEST_CASE("a mixture runs the experts that the router chose, by their shares") {
  TransformerConfig config = test::tiny_config("mixtral");
  config.layers = 1;
  config.experts_per_token = 1;
  Weights weights = test::shaken(config, 4);
  const TransformerInput input{torch::randint(20, {2, 8}), {}, {}, {}};
  weights.set("layers.0.router.weight", torch::zeros({4, 16}));
  // All experts alike: the dense model, whichever are chosen, since their shares sum to one.
  const TransformerConfig dense = test::tiny_config("llama");
  for (int expert = 0; expert < 4; ++expert) {
    for (const char* name : {"ffn_in", "ffn_gate", "ffn_out"}) {
      const std::string ending = std::string(name) + ".weight";
      weights.set("layers.0.experts." + std::to_string(expert) + "." + ending,
                  weights.at("layers.0.experts.0." + ending));
      weights.set("layers.0." + ending, weights.at("layers.0.experts.0." + ending));
    }
  }
  TransformerConfig one_layer = dense;
  one_layer.layers = 1;
  const torch::Tensor alike = logits(config, weights, input);
  CHECK((alike - logits(one_layer, weights, input)).abs().max().item<double>() < 1e-5);
  config.experts_per_token = 3;
  CHECK((alike - logits(config, weights, input)).abs().max().item<double>() < 1e-5);
  // Two experts that write nothing share the tokens between them, by the sign of their first unit: the dense
  // model writes nothing.
  torch::Tensor router = torch::zeros({4, 16});
  router[2][0] = 50;
  router[3][0] = -50;
  weights.set("layers.0.router.weight", router);
  weights.set("layers.0.experts.2.ffn_out.weight", torch::zeros({16, 24}));
  weights.set("layers.0.experts.3.ffn_out.weight", torch::zeros({16, 24}));
  weights.set("layers.0.ffn_out.weight", torch::zeros({16, 24}));
  config.experts_per_token = 1;
  const torch::Tensor silent = logits(config, weights, input);
  CHECK((silent - logits(one_layer, weights, input)).abs().max().item<double>() < 1e-5);
  CHECK((silent - alike).abs().max().item<double>() > 1e-3);
}

TEST_CASE("a window on both sides hides what is further than half of it, also in a short text") {
  TransformerConfig config = test::tiny_config("modernbert");
  config.layers = 1;
  config.layer_kinds = {{true, true}};
  const Weights weights = test::shaken(config, 2);
  torch::Tensor ids = torch::randint(20, {1, 5});  // 5 tokens are fewer than the window's 6
  const torch::Tensor before = logits(config, weights, {ids, {}, {}, {}}).clone();
  ids[0][4] = (ids[0][4].item<std::int64_t>() + 1) % 20;
  const torch::Tensor change = (logits(config, weights, {ids, {}, {}, {}}) - before).abs().amax(2);
  CHECK(change[0][0].item<double>() < 1e-6);
  CHECK(change[0][1].item<double>() > 1e-4);
}

TEST_CASE("dropped tokens pass by, and keeping all changes nothing") {
  const TransformerConfig config = test::tiny_config("llama");
  const Weights weights = initial_weights(config, 3, 0.3);
  const TransformerInput input{torch::randint(20, {2, 8}), {}, {}, {}};
  ForwardOptions options;
  options.kept_tokens = torch::arange(8).unsqueeze(0).expand({2, 8});
  options.kept_first = 1;
  options.kept_last = 2;
  const torch::Tensor all = hidden_states(config, weights, input);
  REQUIRE((hidden_states(config, weights, input, options) - all).abs().max().item<double>() < 1e-6);
  options.kept_tokens = torch::tensor({{0, 2}, {1, 7}});
  ForwardOptions shallow;
  shallow.run_layer = {true, false};
  const torch::Tensor some = hidden_states(config, weights, input, options);
  const torch::Tensor first = hidden_states(config, weights, input, shallow);
  REQUIRE((some - first)[0][1].abs().max().item<double>() < 1e-6);  // passed by
  REQUIRE((some - first)[1][7].abs().max().item<double>() > 1e-3);  // ran
}

TEST_CASE("an unknown architecture is refused with those that are supported") {
  try {
    architecture_named("mamba", "config.json:/model_type");
    FAIL("was accepted");
  } catch (const base::UserError& error) {
    REQUIRE(error.message() == "the architecture 'mamba' is not supported");
    REQUIRE(error.hint().starts_with("supported: bert, roberta, "));
    for (const Architecture& one : architectures()) {
      CHECK(error.hint().find(one.model_type) != std::string::npos);
    }
  }
}
