#include "train/transformers/objective.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"

namespace frugal::train {

void DropConfig::visit(config::Visitor& v) {
  v.field("layer_keep", layer_keep, config::between(0.05, 1),
          "progressive layer dropping (Zhang, He 2020): how often the last layer runs; 1: always");
  v.field("layer_speed", layer_speed, config::at_least(0),
          "the share falls as exp(-speed * step); 0: at once");
  v.field("token_keep", token_keep, config::between(0.05, 1),
          "random token dropping (Yao et al. 2022): share of the tokens that the middle layers see; 1: all");
  v.field("token_first", token_first, config::at_least(0), "first layer that sees part of the tokens");
  v.field("token_last", token_last, config::any_number(),
          "first layer that sees all again; -1: the last one");
}

void ObjectiveConfig::visit(config::Visitor& v) {
  v.choice("objective", kind, {"causal", "masked", "image"},
           "next token, masked tokens (BERT), or the class of an image");
  v.object("data", tokens, "tokens of a language model");
  v.field("mask_share", mask_share, config::between_open(0, 1),
          "masked: share of the tokens that is predicted");
  v.field("mask_token_id", mask_token_id, config::at_least(-1),
          "masked: -1: as the tokens' header or tokenizer says");
  v.object("images", images, "image: what is classified");
  v.field("label_smoothing", label_smoothing, config::Range{0, 1, false, true},
          "image: share spread over all classes");
  v.field("batch_size", batch_size, config::at_least(1), "examples a step, over all processes");
  v.field("workers", workers, config::between(0, 256), "image: threads that prepare batches");
}

model::ForwardOptions draw_drops(const DropConfig& config, const model::TransformerConfig& model,
                                 std::uint64_t seed, std::int64_t step, std::int64_t rows,
                                 std::int64_t tokens, double* share) {
  model::ForwardOptions options;
  double work = static_cast<double>(model.layers);
  if (config.layer_keep < 1) {
    base::Random random(seed, fmt::format("drop-layers/{}", step));
    const double fallen =
        config.layer_speed > 0 ? 1 - std::exp(-config.layer_speed * static_cast<double>(step)) : 1;
    for (std::int64_t i = 0; i < model.layers; ++i) {
      const double depth = static_cast<double>(i + 1) / static_cast<double>(model.layers);
      const bool runs = random.uniform() >= depth * fallen * (1 - config.layer_keep);
      options.run_layer.push_back(runs);
      if (!runs) work -= 1;
    }
  }
  const auto kept = static_cast<std::int64_t>(std::lround(config.token_keep * static_cast<double>(tokens)));
  const std::int64_t last = config.token_last < 0 ? model.layers + config.token_last : config.token_last;
  if (kept < tokens && config.token_first < last) {
    options.kept_first = config.token_first;
    options.kept_last = std::min(last, model.layers);
    for (std::int64_t i = options.kept_first; i < options.kept_last; ++i) {
      const bool runs = options.run_layer.empty() || options.run_layer[static_cast<std::size_t>(i)];
      if (runs) work -= 1 - static_cast<double>(kept) / static_cast<double>(tokens);
    }
    if (rows > 0) {
      options.kept_tokens = torch::empty({rows, kept}, torch::kInt64);
      auto* out = options.kept_tokens.data_ptr<std::int64_t>();
      // The class tokens of an image always run.
      const auto always = static_cast<std::size_t>(model.class_tokens());
      for (std::int64_t row = 0; row < rows; ++row, out += kept) {
        base::Random random(seed, fmt::format("drop-tokens/{}/{}", step, row));
        const auto order = random.permutation(static_cast<std::size_t>(tokens) - always);
        for (std::int64_t i = 0; i < kept; ++i) {
          const auto at = static_cast<std::size_t>(i);
          out[i] = static_cast<std::int64_t>(at < always ? at : order[at - always] + always);
        }
        std::sort(out, out + kept);
      }
    }
  }
  if (share != nullptr) *share = work / static_cast<double>(model.layers);
  return options;
}

LabelledFeatures Objective::features(const model::Weights& /*weights*/, bool /*held_out*/) {
  throw base::UserError("--knn", "the tokens of a language model have no classes",
                        "give texts that have: --labelled EXAMPLES.tsv QUESTIONS.tsv");
}

std::unique_ptr<Objective> make_objective(const ObjectiveConfig& config,
                                          const model::TransformerConfig& model,
                                          const std::string& model_folder, std::uint64_t seed,
                                          Communicator& communicator) {
  using base::UserError;
  using model::HeadKind;
  if (config.batch_size % communicator.size() != 0) {
    throw UserError("batch_size", fmt::format("{} examples cannot be shared by {} processes",
                                              config.batch_size, communicator.size()));
  }
  const std::string place = model.origin.empty() ? "model" : model.origin;
  const HeadKind wanted = config.kind == "causal"   ? HeadKind::language
                          : config.kind == "masked" ? HeadKind::masked
                                                    : HeadKind::classifier;
  if (model.head != wanted) {
    const char* hint = config.kind == "causal" ? "causal needs a language-model head (GPT-2, LLaMA)"
                       : config.kind == "masked"
                           ? "masked needs a masked-language-model head (BertForMaskedLM)"
                           : "image needs a classifier head (ViTForImageClassification)";
    throw UserError(place,
                    fmt::format("a {} with this head cannot be trained with objective \"{}\"",
                                model.model_type, config.kind),
                    hint);
  }
  if (config.kind == "image") return make_image_objective(config, model, seed, communicator);
  return make_language_objective(config, model, model_folder, seed, communicator);
}

}  // namespace frugal::train
