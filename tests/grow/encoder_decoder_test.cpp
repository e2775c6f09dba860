// Growth of an encoder and its decoder.
#include "support/grown.h"

using namespace frugal;
using namespace frugal::grow;
using model::TransformerConfig;
using test::grow_and_measure;
using test::Grown;
using test::tiny_config;
using test::with;

TEST_CASE("an encoder and a decoder grow together, in width, heads and depth, and keep their function") {
  TransformerConfig source = tiny_config("t5");
  for (const bool tied : {true, false}) {
    source.tied_head = source.scaled_head = tied;
    source.decoder_layers = tied ? 2 : 4;
    for (const char* width : {"fresh", "exact", "lemon", "fpi"}) {
      CAPTURE(tied, width);
      TargetConfig sizes;
      sizes.hidden_size = std::string(width) == "fpi" ? 32 : 24;
      sizes.heads = 8;
      sizes.layers = 3;
      const Grown grown = grow_and_measure(source, sizes, with(width), torch::kFloat64);
      CHECK(grown.difference < 1e-12);
      CHECK(grown.plan.keeps == "the function");
      CHECK(grown.plan.target.decoder_layers == (tied ? 3 : 6));
      CHECK(grown.large.at("decoder_position_bias.weight").sizes() == c10::IntArrayRef({8, 8}));
    }
  }
  const Grown stacked = grow_and_measure(source, TargetConfig{.layers = 4}, with("fresh", "stack"));
  CHECK(stacked.plan.keeps.empty());
  CHECK(stacked.plan.layer_from == std::vector<std::int64_t>{0, 1, 0, 1, 2, 3, 4, 5, 2, 3, 4, 5});
}
