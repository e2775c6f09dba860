// Model directories: what was written comes back, old names are read, and damage is refused with the reason.
#include "model/transformer/hf_model.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "support/test.h"
#include "support/tiny_transformer.h"

using namespace frugal;
using namespace frugal::model;
using checkpoint::DType;
using test::shaken;
using test::tiny_config;

namespace {

// Tensors of a written model by file name, to be damaged and written again.
tensor::NamedTensors tensors_of(const std::string& folder) {
  const checkpoint::SafetensorsFile file(folder + "/model.safetensors");
  tensor::NamedTensors all;
  for (const auto& info : file.tensors()) all.emplace_back(info.name, tensor::read_tensor(file, info.name));
  return all;
}

void write_tensors(const std::string& folder, const tensor::NamedTensors& all) {
  tensor::write_tensors(folder + "/model.safetensors", all);
}

std::string error_of(const std::string& folder, bool read = false) {
  try {
    const HfModel model(folder);
    if (read) model.read_all();
  } catch (const base::UserError& error) {
    std::string text = error.what();
    while (text.find(folder) != std::string::npos) text.replace(text.find(folder), folder.size(), "M");
    return text + (error.hint().empty() ? "" : " | " + error.hint());
  }
  return "";
}

void edit_config(const std::string& folder, const std::function<void(nlohmann::json&)>& edit) {
  auto json = nlohmann::json::parse(base::read_text(folder + "/config.json"));
  edit(json);
  base::write_text(folder + "/config.json", json.dump());
}

}  // namespace

TEST_CASE("a model comes back as it was written, whole and in shards, whatever its head") {
  for (const char* type : {"bert", "gpt2", "llama", "vit", "deit", "electra", "modernbert", "dinov2",
                           "mixtral", "t5", "clip_text_model", "clip_vision_model"}) {
    for (const bool tied : {true, false}) {
      TransformerConfig config = tiny_config(type);
      if (!config.image() && config.head != HeadKind::projection) config.tied_head = tied;
      const Weights weights = shaken(config, 1);
      test::TempDir dir;
      CAPTURE(type, tied);
      write_hf(dir / "m", config, weights, DType::f32, "", tied ? 0 : 3000);
      const HfModel back(dir / "m");
      REQUIRE((back.files().shard_count() > 1) == !tied);
      REQUIRE(back.dropped().empty());
      REQUIRE(back.config().tied_head == config.tied_head);
      const Weights read = back.read_all();
      REQUIRE(read.list().size() == weights.list().size());
      for (const auto& [name, tensor] : weights.list()) REQUIRE(read.at(name).equal(tensor));
      // Again from what was read: the same bytes.
      write_hf(dir / "n", back.config(), read, DType::f32, dir / "m", tied ? 0 : 3000);
      REQUIRE(base::read_text(dir / "n/config.json") == base::read_text(dir / "m/config.json"));
    }
  }
}

TEST_CASE("16-bit files are read and written") {
  const TransformerConfig config = tiny_config("llama");
  const Weights weights = shaken(config, 1);
  for (const DType type : {DType::bf16, DType::f16}) {
    test::TempDir dir;
    write_hf(dir / "m", config, weights, type);
    const HfModel back(dir / "m");
    REQUIRE(back.dtype() == type);
    for (const auto& [name, tensor] : weights.list()) {
      REQUIRE(back.read(name).equal(tensor.to(tensor::torch_type(type)).to(torch::kFloat32)));
    }
  }
}

TEST_CASE("old names are read: gamma and beta, no prefix, buffers") {
  test::TempDir dir;
  const TransformerConfig config = tiny_config("bert");
  const Weights weights = shaken(config, 1);
  write_hf(dir / "m", config, weights, DType::f32);
  tensor::NamedTensors old;
  for (auto [name, value] : tensors_of(dir / "m")) {
    const auto at = name.find("LayerNorm.");
    if (at != std::string::npos)
      name = name.substr(0, at + 10) + (name.ends_with("weight") ? "gamma" : "beta");
    old.emplace_back(name, value);
  }
  old.emplace_back("bert.embeddings.position_ids", torch::arange(12).unsqueeze(0));
  old.emplace_back("cls.seq_relationship.weight", torch::zeros({2, 16}));
  write_tensors(dir / "m", old);
  const HfModel back(dir / "m");
  REQUIRE(back.dropped() == std::vector<std::string>{"cls.seq_relationship.weight"});
  for (const auto& [name, tensor] : weights.list()) REQUIRE(back.read(name).equal(tensor));

  const TransformerConfig gpt2 = tiny_config("gpt2");
  write_hf(dir / "g", gpt2, shaken(gpt2, 1), DType::f32);
  tensor::NamedTensors bare;
  for (const auto& [name, value] : tensors_of(dir / "g")) bare.emplace_back(name.substr(12), value);
  bare.emplace_back("h.0.attn.bias", torch::ones({1, 1, 12, 12}));
  write_tensors(dir / "g", bare);
  REQUIRE(error_of(dir / "g", true).empty());
}

TEST_CASE("damaged directories are refused with what is wrong") {
  test::TempDir dir;
  const std::string m = dir / "m";
  const auto fresh = [&](const char* type = "gpt2", std::uint64_t shard = 0) {
    std::filesystem::remove_all(m);
    const TransformerConfig config = tiny_config(type);
    write_hf(m, config, shaken(config, 1), DType::f32, "", shard);
  };

  SECTION("a renamed tensor") {
    fresh();
    auto all = tensors_of(m);
    for (auto& [name, value] : all) {
      if (name == "transformer.h.1.ln_2.weight") name = "transformer.h.1.ln2.weight";
    }
    write_tensors(m, all);
    REQUIRE(error_of(m) ==
            "M: lacks the tensor 'transformer.h.1.ln_2.weight' | did you mean 'transformer.h.1.ln2.weight'?");
  }
  SECTION("missing tensors") {
    fresh();
    auto all = tensors_of(m);
    std::erase_if(all, [](const auto& one) { return one.first.find("h.1.mlp") != std::string::npos; });
    write_tensors(m, all);
    REQUIRE(error_of(m) == "M: lacks the tensor 'transformer.h.1.mlp.c_fc.weight' and 3 others");
  }
  SECTION("a shape that contradicts config.json") {
    fresh();
    edit_config(m, [](auto& json) { json["n_inner"] = 32; });
    REQUIRE(error_of(m) ==
            "M/model.safetensors:transformer.h.0.mlp.c_fc.weight: has the shape [16, 24], but config.json "
            "asks for "
            "[16, 32]");
  }
  SECTION("a missing shard, and an index that lies") {
    fresh("llama", 3000);
    const std::string index = base::read_text(m + "/model.safetensors.index.json");
    auto json = nlohmann::json::parse(index);
    const auto first = json["weight_map"].begin().value().template get<std::string>();
    json["weight_map"]["model.norm.bias"] = first;
    base::write_text(m + "/model.safetensors.index.json", json.dump());
    REQUIRE(error_of(m).find("has no tensor 'model.norm.bias', which model.safetensors.index.json says") !=
            std::string::npos);
    base::write_text(m + "/model.safetensors.index.json", index);
    std::filesystem::remove(m + "/" + first);
    REQUIRE(error_of(m) == "M/model.safetensors.index.json: names the shard '" + first +
                               "', which is missing | copy it beside the others");
  }
  SECTION("a truncated file") {
    fresh();
    const std::string whole = base::read_text(m + "/model.safetensors");
    base::write_text(m + "/model.safetensors", whole.substr(0, whole.size() - 10));
    REQUIRE(error_of(m).find("but the file holds") != std::string::npos);
  }
  SECTION("heads that do not divide") {
    fresh();
    edit_config(m, [](auto& json) { json["n_head"] = 3; });
    REQUIRE(error_of(m) == "M/config.json:/n_head: 3 heads do not divide a hidden size of 16");
    fresh("llama");
    edit_config(m, [](auto& json) { json["num_key_value_heads"] = 3; });
    REQUIRE(error_of(m).find("3 key-value heads do not divide 4 heads") != std::string::npos);
  }
  SECTION("tied flags that disagree with the file") {
    fresh();
    auto all = tensors_of(m);
    all.emplace_back("lm_head.weight", torch::ones({20, 16}));
    write_tensors(m, all);
    REQUIRE(error_of(m) ==
            "M/model.safetensors:lm_head.weight: differs from transformer.wte.weight, but config.json says "
            "they are "
            "tied | set tie_word_embeddings to false in config.json to keep both");
    fresh();
    edit_config(m, [](auto& json) { json["tie_word_embeddings"] = false; });
    REQUIRE(error_of(m) ==
            "M: lacks the tensor 'lm_head.weight' | config.json says tie_word_embeddings false; is it true?");
  }
  SECTION("data types that are not read") {
    fresh();
    auto all = tensors_of(m);
    for (auto& [name, value] : all) {
      if (name == "transformer.h.0.attn.c_attn.weight") value = value.to(torch::kUInt8);
    }
    write_tensors(m, all);
    REQUIRE(error_of(m).find("has the data type U8") != std::string::npos);
    fresh();
    std::string text = base::read_text(m + "/model.safetensors");
    const auto at = text.find("\"F32\"");
    text.replace(at, 5, "\"F8_E4M3\"");
    text[0] = static_cast<char>(text[0] + 4);  // the header's length
    base::write_text(m + "/model.safetensors", text);
    REQUIRE(error_of(m).find("has the data type 'F8_E4M3', which is not read here") != std::string::npos);
    fresh();
    edit_config(m, [](auto& json) { json["quantization_config"] = {{"quant_method", "gptq"}, {"bits", 4}}; });
    REQUIRE(error_of(m).find("the weights are quantised (gptq)") != std::string::npos);
  }
  SECTION("an unknown architecture") {
    fresh();
    edit_config(m, [](auto& json) { json["model_type"] = "mamba"; });
    REQUIRE(error_of(m).starts_with(
        "M/config.json:/model_type: the architecture 'mamba' is not supported | supported: bert, roberta, "));
  }
  SECTION("NaN weights are named") {
    fresh();
    auto all = tensors_of(m);
    for (auto& [name, value] : all) {
      if (name == "transformer.h.1.attn.c_proj.bias") value[3] = std::nan("");
    }
    write_tensors(m, all);
    REQUIRE(error_of(m).empty());
    REQUIRE(error_of(m, true) ==
            "M/model.safetensors:transformer.h.1.attn.c_proj.bias: holds NaN or infinity | the model's "
            "training had "
            "diverged");
  }
  SECTION("wrong values in config.json") {
    fresh();
    edit_config(m, [](auto& json) { json["n_layer"] = "two"; });
    REQUIRE(error_of(m) == "M/config.json:/n_layer: must be a whole number, got string: \"two\"");
    base::write_text(m + "/config.json", "{");
    REQUIRE(!error_of(m).empty());
    base::write_text(m + "/config.json", "[]");
    REQUIRE(!error_of(m).empty());
  }
  SECTION("no weights, or pickled ones") {
    fresh();
    std::filesystem::remove(m + "/model.safetensors");
    REQUIRE(error_of(m).find("has neither model.safetensors nor") != std::string::npos);
    base::write_text(m + "/pytorch_model.bin", "x");
    REQUIRE(error_of(m).find("safe_serialization") != std::string::npos);
  }
}
