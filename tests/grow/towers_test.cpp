// Growth of one of a model's two towers.
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "grow/grow_command.h"
#include "model/transformer/hf_model.h"
#include "support/grown.h"

using namespace frugal;
using namespace frugal::grow;
using model::HfModel;
using model::TransformerConfig;
using test::grow_and_measure;
using test::Grown;
using test::tiny_config;
using test::with;

namespace {

// Both, as CLIP's first files have them: sizes of the text tower beside its config go over what stands there.
const char* both = R"({"model_type": "clip", "architectures": ["CLIPModel"], "projection_dim": 6,
  "text_config": {"hidden_size": 99, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 24,
                  "vocab_size": 20, "max_position_embeddings": 12, "eos_token_id": 2},
  "text_config_dict": {"hidden_size": 16},
  "vision_config": {"hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 3, "intermediate_size": 32,
                    "image_size": 8, "patch_size": 4, "num_channels": 3}, "vision_config_dict": null})";

void write_both(const std::string& folder) {
  const TransformerConfig config =
      model::read_config(nlohmann::json::parse(both), "config.json", nullptr, "text");
  write_hf(folder, config, test::shaken(config, 1), checkpoint::DType::f32);
}

}  // namespace

TEST_CASE("a tower grows in width and depth and keeps what it projects to") {
  for (const char* type : {"clip_text_model", "clip_vision_model"}) {
    CAPTURE(type);
    TargetConfig sizes;
    sizes.hidden_size = 32;
    sizes.heads = 8;
    sizes.layers = 3;
    const Grown grown = grow_and_measure(tiny_config(type), sizes, with("fresh"), torch::kFloat64);
    CHECK(grown.difference < 1e-12);
    CHECK(grown.plan.keeps == "the function");
  }
}

TEST_CASE("of two towers one grows and the other is carried, byte by byte") {
  test::TempDir dir;
  write_both(dir / "m");
  const HfModel text(dir / "m", "text"), image(dir / "m", "image");
  CHECK(text.config().hidden_size == 16);
  CHECK(image.config().hidden_size == 24);
  for (const bool grows_image : {false, true}) {
    const HfModel &grows = grows_image ? image : text, &stays = grows_image ? text : image;
    CAPTURE(grows.config().tower);
    GrowConfig config;
    config.tower = grows.config().tower;
    config.target.hidden_size = 48;
    config.measure = "yes";
    nlohmann::ordered_json result;
    grow_command(dir / "m", dir / config.tower, config, true, result);
    CHECK(result["keeps"] == "the function");
    CHECK(HfModel(dir / config.tower, config.tower).config().hidden_size == 48);
    const HfModel other(dir / config.tower, stays.config().tower);
    CHECK(other.config().hidden_size == stays.config().hidden_size);
    for (const auto& spec : weight_specs(stays.config())) {
      if (spec.role != model::Role::carried || spec.name == "carried.logit_scale")
        CHECK(other.read(spec.name).equal(stays.read(spec.name)));
    }
  }
}

TEST_CASE("which tower is said where there are two, and nowhere else") {
  test::TempDir dir;
  write_both(dir / "m");
  CHECK_THROWS_WITH(HfModel(dir / "m"), Catch::Matchers::Contains("has two towers"));
  const TransformerConfig bert = tiny_config("bert");
  write_hf(dir / "b", bert, test::shaken(bert, 1), checkpoint::DType::f32);
  CHECK_THROWS_WITH(HfModel(dir / "b", "text"), Catch::Matchers::Contains("'bert' is one model"));
}
