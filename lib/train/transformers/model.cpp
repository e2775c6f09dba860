#include "train/transformers/model.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/transformer/hf_model.h"

namespace frugal::train {

void ModelChoice::visit(config::Visitor& v) {
  v.field("path", path,
          "Hugging Face directory to start from; empty: fresh weights of the sizes that follow");
  v.choice("architecture", architecture, {"gpt2", "llama", "bert", "roberta", "vit", "deit"},
           "of a fresh model");
  v.field("hidden_size", hidden_size, config::at_least(1), "width");
  v.field("layers", layers, config::at_least(1), "depth");
  v.field("heads", heads, config::at_least(1), "attention heads");
  v.field("kv_heads", kv_heads, config::at_least(0), "llama: key-value heads; 0: as many as heads");
  v.field("ffn_size", ffn_size, config::at_least(0),
          "width inside the feed-forward part; 0: four times hidden_size");
  v.field("vocab_size", vocab_size, config::at_least(1), "tokens");
  v.field("positions", positions, config::at_least(1), "longest sequence");
  v.field("image_size", image_size, config::at_least(1), "vit: pixels a side");
  v.field("patch_size", patch_size, config::at_least(1), "vit: pixels a side of a patch");
  v.field("channels", channels, config::at_least(1), "vit");
  v.field("labels", labels, config::at_least(1), "vit: classes");
  v.field("activation", activation, "gelu, gelu_new, relu, silu");
  v.field("tied_head", tied_head, "the output matrix is the token embedding");
  v.field("head_bias", head_bias, "gpt2: an output bias of its own (transformers passes over it)");
  v.field("init_std", init_std, config::greater_than(0), "of fresh matrices and tables");
  v.field("scaled_output", scaled_output, "output projections start 1/sqrt(2 layers) smaller (GPT-2)");
}

model::TransformerConfig fresh_config(const ModelChoice& choice) {
  const std::int64_t ffn = choice.ffn_size > 0 ? choice.ffn_size : 4 * choice.hidden_size;
  const std::string& name = choice.architecture;
  // In the words of the architecture's own config.json, so that what is written is what transformers reads.
  nlohmann::json json{{"model_type", name}, {"tie_word_embeddings", choice.tied_head}};
  if (name == "gpt2") {
    json.update({{"architectures", {"GPT2LMHeadModel"}},
                 {"vocab_size", choice.vocab_size},
                 {"n_positions", choice.positions},
                 {"n_embd", choice.hidden_size},
                 {"n_layer", choice.layers},
                 {"n_head", choice.heads},
                 {"n_inner", ffn},
                 {"activation_function", choice.activation},
                 {"head_bias", choice.head_bias}});
  } else {
    const bool roberta = name == "roberta";
    json.update({{"hidden_size", choice.hidden_size},
                 {"num_hidden_layers", choice.layers},
                 {"num_attention_heads", choice.heads},
                 {"intermediate_size", ffn},
                 {"hidden_act", choice.activation}});
    if (name == "llama") {
      json["architectures"] = {"LlamaForCausalLM"};
      json["num_key_value_heads"] = choice.kv_heads > 0 ? choice.kv_heads : choice.heads;
      if (choice.activation == "gelu") json["hidden_act"] = "silu";  // what the architecture is made with
    } else if (name == "bert" || roberta) {
      json["architectures"] = {roberta ? "RobertaForMaskedLM" : "BertForMaskedLM"};
      if (roberta) json["type_vocab_size"] = 1;
    } else {
      json["architectures"] = {name == "vit" ? "ViTForImageClassification" : "DeiTForImageClassification"};
      json.update({{"image_size", choice.image_size},
                   {"patch_size", choice.patch_size},
                   {"num_channels", choice.channels},
                   {"num_labels", choice.labels}});
    }
    if (name != "vit" && name != "deit") {
      json["vocab_size"] = choice.vocab_size;
      json["max_position_embeddings"] = choice.positions + (roberta ? 2 : 0);
    }
  }
  model::TransformerConfig config = model::read_config(json, "model");
  config.json.clear();  // written anew, with all that its architecture writes
  return config;
}

LoadedModel load_model(const ModelChoice& choice, std::uint64_t seed) {
  if (choice.path.empty()) {
    LoadedModel loaded{fresh_config(choice), {}};
    loaded.weights = model::initial_weights(loaded.config, seed, choice.init_std, choice.scaled_output);
    return loaded;
  }
  const model::HfModel file(choice.path);
  if (file.config().distance_classes > 0) {
    throw base::UserError(choice.path, "is a T5: it is grown here, and not trained or judged",
                          "train what was grown with transformers");
  }
  return {file.config(), file.read_all()};
}

}  // namespace frugal::train
