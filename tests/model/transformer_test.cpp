#include "model/transformer/transformer.h"

#include <torch/torch.h>

#include "base/error.h"
#include "model/transformer/architectures.h"
#include "support/test.h"
#include "support/tiny_transformer.h"

using namespace frugal;
using namespace frugal::model;

TEST_CASE("joined and separate products give the same logits, and unfuse undoes fuse") {
  for (const char* type : {"gpt2", "llama"}) {
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
    REQUIRE(
        error.hint() ==
        "supported: bert, roberta, xlm-roberta, camembert, distilbert, gpt2, opt, gpt_neox, llama, mistral, "
        "qwen2, qwen3, gemma, gemma2, gemma3_text, phi3, smollm3, vit, deit");
  }
}
