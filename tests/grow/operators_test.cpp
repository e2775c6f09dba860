// What the fixed operators promise: exactness over random sizes, and the known inexactness of the others.
#include <fmt/format.h>

#include <set>

#include "base/error.h"
#include "base/random.h"
#include "support/grown.h"

using namespace frugal;
using namespace frugal::grow;
using model::TransformerConfig;
using model::Weights;
using test::grow_and_measure;
using test::Grown;
using test::shaken;
using test::tiny_config;
using test::with;

namespace {

const TargetConfig doubled{.hidden_size = 32};
const TargetConfig doubled_and_deeper{.hidden_size = 32, .layers = 4};
const TargetConfig half_as_wide_again{.hidden_size = 24, .layers = 3};
const TargetConfig deeper{.layers = 4};

// Grows models of several kinds to several sizes with one operator, and holds it to what it says that it
// keeps. Returns how often it grew: a size that it does not accept is refused as the user's error.
int hold_to_its_word(const OperatorConfig& config) {
  int grown = 0;
  for (const char* type : {"gpt2", "llama", "bert", "vit", "qwen3", "gemma2", "gemma3_text", "opt",
                           "gpt_neox", "electra", "modernbert", "dinov2", "mixtral", "t5"}) {
    for (const TargetConfig& sizes : {doubled, doubled_and_deeper, half_as_wide_again, deeper}) {
      CAPTURE(config.width, config.depth, type, sizes.hidden_size, sizes.layers);
      const TransformerConfig source = tiny_config(type);
      try {
        make_plan(source, target_of(source, sizes), config, 3);
      } catch (const base::UserError&) {
        continue;
      }
      ++grown;
      const Grown one = grow_and_measure(source, sizes, config);
      if (!one.plan.keeps.empty()) CHECK(one.difference < 1e-5);
    }
  }
  return grown;
}

}  // namespace

// A new operator of the table is tested here without a test of its own.
TEST_CASE("every operator of the table keeps what it says that it keeps") {
  for (const WidthOperator& one : width_operators()) {
    INFO(one.name);
    CHECK(hold_to_its_word(with(one.name, "identity")) > 0);
  }
  for (const DepthOperator& one : depth_operators()) {
    INFO(one.name);
    CHECK(hold_to_its_word(with("exact", one.name)) > 0);
  }
}

TEST_CASE("pre-norm models keep their function at any width and depth") {
  base::Random random(11);
  for (const char* type :
       {"gpt2", "llama", "mixtral", "vit", "deit", "qwen3", "gemma2", "gemma3_text", "opt", "gpt_neox"}) {
    for (const char* width : {"fresh", "exact", "lemon"}) {
      for (int round = 0; round < 4; ++round) {
        TransformerConfig source = tiny_config(type);
        if (!source.image()) source.tied_head = round % 2 == 0;
        TargetConfig sizes;
        const auto heads = static_cast<std::int64_t>(4 + random.below(7));
        sizes.heads = heads;
        sizes.hidden_size = 4 * heads;
        if (!source.heads_make_hidden) {
          sizes.kv_heads = heads % 3 == 0 ? heads / 3 : heads % 2 == 0 ? heads / 2 : heads;
          if (sizes.kv_heads == heads) sizes.heads = 2 * heads;
          sizes.hidden_size =
              static_cast<std::int64_t>(16 + random.below(30));  // need not be heads · head_dim
          sizes.kv_heads = std::max<std::int64_t>(2, sizes.kv_heads);
        }
        sizes.ffn_size = static_cast<std::int64_t>(24 + random.below(40));
        sizes.layers = static_cast<std::int64_t>(2 + random.below(4));
        if (sizes.kv_heads > 0 && sizes.heads % sizes.kv_heads != 0) sizes.heads = 2 * sizes.kv_heads;
        CAPTURE(type, width, round, sizes.hidden_size, sizes.heads, sizes.kv_heads, sizes.layers,
                sizes.ffn_size);
        OperatorConfig config = with(width);
        config.noise = round == 3 ? 0.5 : 0;
        const Grown single = grow_and_measure(source, sizes, config);
        CHECK(single.difference < 1e-5);
        CHECK(single.plan.keeps == "the function");
        CHECK(grow_and_measure(source, sizes, config, torch::kFloat64).difference < 1e-12);
      }
    }
  }
}

TEST_CASE("layer scale: the mean of what is added keeps the function at any width, plain FFN and SwiGLU") {
  TransformerConfig source = tiny_config("dinov2");
  for (const bool gated : {false, true}) {
    source.gated_ffn = gated;
    source.activation = gated ? "silu" : "gelu";
    source.ffn_size = source.ffn_of(source.hidden_size);
    for (const std::int64_t hidden : {20, 24, 32, 44}) {
      for (const char* width : {"fresh", "exact", "lemon"}) {
        CAPTURE(gated, hidden, width);
        const TargetConfig sizes{.hidden_size = hidden, .layers = 3};
        const Grown grown = grow_and_measure(source, sizes, with(width), torch::kFloat64);
        CHECK(grown.difference < 1e-12);
        CHECK(grown.plan.keeps == "the function");
        CHECK(grown.plan.target.ffn_size == source.ffn_of(hidden));
      }
    }
  }
  TargetConfig other;
  other.ffn_size = 48;
  CHECK_THROWS_AS(target_of(source, other), base::UserError);  // config.json could not say it
}

TEST_CASE("a norm on the embeddings is passed by whole copies alone, and so it is said") {
  const TransformerConfig source = tiny_config("modernbert");
  const Grown twice = grow_and_measure(source, doubled_and_deeper, with("fresh"), torch::kFloat64);
  CHECK(twice.difference < 1e-12);
  CHECK(twice.plan.keeps == "the function");
  CHECK(grow_and_measure(source, deeper, with("fresh"), torch::kFloat64).difference < 1e-12);
  const Grown between = grow_and_measure(source, half_as_wide_again, with("fresh"));
  CHECK(between.plan.keeps.empty());
  CHECK(between.difference > 1e-3);
}

TEST_CASE("tables with a width of their own keep it, and no width at which the projection would vanish") {
  TransformerConfig source = tiny_config("electra");
  const Grown twice = grow_and_measure(source, doubled, with("fresh"), torch::kFloat64);
  CHECK(twice.difference < 1e-12);
  CHECK(twice.large.at("token_embedding.weight").size(1) == 8);
  CHECK(twice.large.at("embedding_project.weight").sizes() == c10::IntArrayRef({32, 8}));
  source.embedding_size = 32;
  CHECK_THROWS_AS(target_of(source, doubled), base::UserError);
}

TEST_CASE("fresh is the default: new units read at 1/sqrt(D) and write nothing") {
  const TransformerConfig source = tiny_config("gpt2");
  TargetConfig sizes;
  sizes.hidden_size = 32;
  sizes.layers = 4;
  const Grown grown = grow_and_measure(source, sizes, OperatorConfig());
  REQUIRE(grown.difference < 1e-5);
  const auto read = grown.large.at("layers.0.ffn_in.weight").slice(0, source.ffn_size);
  REQUIRE(read.std().item<double>() == Approx(1 / std::sqrt(32.0)).epsilon(0.1));
  REQUIRE(grown.large.at("layers.0.ffn_out.weight").slice(1, source.ffn_size).abs().max().item<double>() ==
          0);
  OperatorConfig given;
  given.fresh_std = 0.3;
  const auto wide = grow_and_measure(source, sizes, given).large.at("layers.0.ffn_in.weight");
  REQUIRE(wide.slice(0, source.ffn_size).std().item<double>() == Approx(0.3).epsilon(0.1));
}

TEST_CASE("new layers in a post-norm model pass on what they are given") {
  const TransformerConfig source = tiny_config("bert");
  TargetConfig sizes;
  sizes.layers = 5;
  Weights small = shaken(source, 11);
  const auto measured = [&](const char* depth) {
    const PlannedGrowth growth(make_plan(source, target_of(source, sizes), with("exact", depth), 3));
    return measure_difference(source, small, growth.target(), grow::grow(growth, small), 5).largest;
  };
  CHECK(measured("identity") < 0.3 * measured("stack"));
  CHECK(measured("identity") < 0.3 * measured("interleave"));
  for (std::int64_t layer = 0; layer < source.layers; ++layer) {  // one scale for all units: nothing is lost
    const std::string norm = fmt::format("layers.{}.ffn_norm.", layer);
    small.set(norm + "weight", torch::full({source.hidden_size}, 0.7));
    small.set(norm + "bias", torch::full({source.hidden_size}, 0.2));
  }
  CHECK(measured("identity") < 1e-5);
}

TEST_CASE("64 to 96: exact where the eps rule holds, wrong without it") {
  TransformerConfig source = tiny_config("gpt2");
  source.hidden_size = 64;
  source.heads = source.kv_heads = 2;
  source.head_dim = 32;
  source.ffn_size = 256;
  TargetConfig sizes;
  sizes.hidden_size = 96;
  sizes.layers = 4;
  const Weights small = shaken(source, 7, torch::kFloat64);
  const PlannedGrowth growth(make_plan(source, target_of(source, sizes), with("exact"), 3));
  const Weights large = grow::grow(growth, small);
  TransformerConfig target = growth.target();
  REQUIRE(measure_difference(source, small, target, large, 5).largest < 1e-12);
  target.norm_eps = source.norm_eps;
  REQUIRE(measure_difference(source, small, target, large, 5).largest > 1e-7);
}

TEST_CASE("in sixteen bits a width that doubles is exact, and what else is rounded stays within a unit") {
  for (const char* type : {"gpt2", "llama", "qwen3", "gemma2", "gemma3_text", "opt", "gpt_neox", "vit"}) {
    for (const TargetConfig& sizes : {doubled_and_deeper, half_as_wide_again}) {
      CAPTURE(type, sizes.hidden_size);
      TransformerConfig source = tiny_config(type);
      source.norm_eps = 1e-6;
      const Weights small = shaken(source, 7, torch::kBFloat16);
      const PlannedGrowth growth(make_plan(source, target_of(source, sizes), with("fresh"), 3, true));
      const Weights large = grow::grow(growth, small);
      const auto wide = [](const Weights& weights) {
        Weights all;
        for (const auto& [name, tensor] : weights.list()) all.set(name, tensor.to(torch::kFloat32));
        return all;
      };
      const Difference found = measure_difference(source, wide(small), growth.target(), wide(large), 5);
      // Gemma's embeddings are divided by sqrt(2), which is rounded; the norms' scale is, at other widths.
      const bool exact = sizes.hidden_size == 32 && !source.scaled_embedding;
      CHECK(found.largest < found.scale * (exact ? 1e-5 : 1.0 / 64));
    }
  }
}

TEST_CASE("layers keep their kind where they come from") {
  TransformerConfig source = tiny_config("gemma2");
  const auto kinds = make_plan(source, target_of(source, {.layers = 4}), with("exact"), 0).target.layer_kinds;
  REQUIRE(kinds.size() == 4);
  REQUIRE((kinds[0].slides && kinds[1].slides && !kinds[2].slides && !kinds[3].slides));
}

TEST_CASE("layers in another order are another function") {
  const TransformerConfig source = tiny_config("gpt2");
  OperatorConfig config = with("exact", "slices");
  config.slices = "1-2,0-1";
  REQUIRE(make_plan(source, source, config, 0).keeps.empty());
  config.slices = "0-1,1-2";
  REQUIRE(make_plan(source, source, config, 0).keeps == "the function");
}

TEST_CASE("whole multiples keep BERT, and staged growth and FPI keep GPT-2") {
  for (const char* width : {"fpi", "hypercloning", "lemon", "exact", "fresh", "staged"}) {
    for (const bool tied : {true, false}) {
      for (const char* type : {"bert", "gpt2", "llama"}) {
        CAPTURE(width, tied, type);
        TransformerConfig source = tiny_config(type);
        source.tied_head = tied;
        OperatorConfig config = with(width);
        if (std::string(width) == "hypercloning") config.noise = 0.3;
        CHECK(grow_and_measure(source, doubled, config).difference < 1e-5);
      }
    }
  }
  TargetConfig tripled;
  tripled.hidden_size = 48;
  REQUIRE(grow_and_measure(tiny_config("bert"), tripled, with("fpi")).difference < 1e-5);
}

TEST_CASE("what does not keep the function says so, and is measured") {
  TargetConfig sizes;
  sizes.hidden_size = 24;
  sizes.layers = 4;
  for (const char* width : {"fpi", "net2net", "aki", "pad", "pad_zero"}) {
    for (const char* depth : {"stack", "interleave", "slices", "gradual", "mslt"}) {
      CAPTURE(width, depth);
      const Grown grown = grow_and_measure(tiny_config("gpt2"), sizes, with(width, depth));
      CHECK(grown.plan.keeps.empty());
      CHECK(grown.difference > 1e-2);
    }
  }
  REQUIRE(!grow_and_measure(tiny_config("gpt2"), sizes, with("pad", "mslt")).plan.schedule.empty());
  // Post-norm: new layers are never exact.
  const Grown bert = grow_and_measure(tiny_config("bert"), deeper, with("exact"));
  REQUIRE(bert.plan.keeps.empty());
  REQUIRE(bert.difference > 1e-3);
}

TEST_CASE("layers come from where the depth operator says") {
  TransformerConfig source = tiny_config("gpt2");
  source.layers = 3;
  TargetConfig sizes;
  sizes.layers = 6;
  const TransformerConfig target = target_of(source, sizes);
  const auto from = [&](const char* depth, const char* slices = "") {
    OperatorConfig config = with("exact", depth);
    config.slices = slices;
    return make_plan(source, target, config, 0).layer_from;
  };
  using Layers = std::vector<std::int64_t>;
  REQUIRE(from("stack") == Layers{0, 1, 2, 0, 1, 2});
  REQUIRE(from("interleave") == Layers{0, 0, 1, 1, 2, 2});
  REQUIRE(from("mslt") == Layers{0, 1, 2, 0, 1, 2});
  REQUIRE(from("slices") == Layers{0, 1, 2, 0, 1, 2});
  REQUIRE(from("slices", "0-2,0-3,2-3") == Layers{0, 1, 0, 1, 2, 2});
  REQUIRE_THROWS_AS(from("slices", "0-2"), base::UserError);
  REQUIRE_THROWS_AS(from("slices", "0-9"), base::UserError);
  REQUIRE_THROWS_AS(from("slices", "x"), base::UserError);
}

TEST_CASE("a growth is the same for the same seed and another for another") {
  const TransformerConfig source = tiny_config("llama");
  TargetConfig sizes;
  sizes.hidden_size = 24;
  const Weights small = shaken(source, 1);
  const auto grown = [&](std::uint64_t seed) {
    return grow::grow(PlannedGrowth(make_plan(source, target_of(source, sizes), with("exact"), seed)), small);
  };
  const Weights a = grown(1), b = grown(1), c = grown(2);
  bool other = false;
  for (const auto& [name, tensor] : a.list()) {
    REQUIRE(tensor.equal(b.at(name)));
    other = other || !tensor.equal(c.at(name));
  }
  REQUIRE(other);
}

TEST_CASE("targets that cannot be are refused with the field") {
  const auto place_of = [](TargetConfig sizes, const char* type) {
    try {
      target_of(tiny_config(type), sizes);
    } catch (const base::UserError& error) {
      return error.place();
    }
    return std::string();
  };
  REQUIRE(place_of({.hidden_size = 8}, "gpt2") == "target.hidden_size");
  REQUIRE(place_of({.layers = 1}, "gpt2") == "target.layers");
  REQUIRE(place_of({.ffn_size = 12}, "gpt2") == "target.ffn_size");
  REQUIRE(place_of({.hidden_size = 18}, "gpt2") == "target.hidden_size");
  REQUIRE(place_of({.hidden_size = 24, .heads = 8}, "gpt2") == "target.heads");
  REQUIRE(place_of({.heads = 9, .kv_heads = 2}, "llama") == "target.kv_heads");
  REQUIRE(place_of({.hidden_size = 24}, "gpt2").empty());
  // Three groups of one query have no place for two groups of two.
  TransformerConfig source = tiny_config("llama");
  const auto target = target_of(source, {.heads = 6, .kv_heads = 6});
  REQUIRE_THROWS_AS(make_plan(source, target, with("exact"), 0), base::UserError);
  TargetConfig odd;
  odd.hidden_size = 24;
  REQUIRE_THROWS_AS(make_plan(tiny_config("gpt2"), target_of(tiny_config("gpt2"), odd), with("staged"), 0),
                    base::UserError);
}

// Exact growth commutes with the gradient: growing the source's gradient as a first moment is the gradient of
// the grown model, wherever a unit is a copy.
TEST_CASE("first moments grow as gradients do") {
  for (const char* type : {"gpt2", "llama", "bert"}) {
    for (const char* width : {"fpi", "staged"}) {
      CAPTURE(type, width);
      const TransformerConfig source = tiny_config(type);
      TargetConfig sizes;
      sizes.hidden_size = 32;
      const PlannedGrowth growth(make_plan(source, target_of(source, sizes), with(width), 3));
      Weights small = shaken(source, 7, torch::kFloat64);
      Weights large = grow::grow(growth, small);
      const auto gradient_of = [&](const TransformerConfig& config, Weights& weights) {
        for (auto& [name, tensor] : weights.list()) tensor.requires_grad_();
        const auto out = logits(config, weights, sample_input(source, 9, 12, torch::kFloat64));
        out.log_softmax(-1).square().mean().backward();
        Weights gradients;
        for (const auto& [name, tensor] : weights.list()) {
          gradients.set(name, tensor.grad().defined() ? tensor.grad() : torch::zeros_like(tensor));
        }
        return gradients;
      };
      const Weights grown = grow_moments(growth, gradient_of(source, small), Kind::first_moment);
      const Weights direct = gradient_of(growth.target(), large);
      double worst = 0;
      std::string where;
      for (const auto& spec : weight_specs(growth.target())) {
        const torch::Tensor& expected = direct.at(spec.name);
        torch::Tensor mine = grown.at(spec.name);
        // A block-diagonal model has gradients off its diagonal that the source has no counterpart for.
        if (std::string(width) == "staged") mine = torch::where(mine == 0, expected, mine);
        const double off = (mine - expected).abs().max().item<double>();
        if (off > worst) {
          worst = off;
          where = spec.name;
        }
      }
      CAPTURE(where);
      CHECK(worst < 1e-10);
    }
  }
}
