#include "train/transformers/objective.h"

#include <fmt/format.h>

#include "base/error.h"
#include "train/transformers/image.h"
#include "train/transformers/language.h"

namespace frugal::train {

void ObjectiveConfig::visit(config::Visitor& v) {
  v.choice("objective", kind, {"causal", "masked", "image"},
           "next token, masked tokens (BERT), or the class of an image");
  v.object("data", tokens, "tokens of a language model");
  v.field("mask_share", mask_share, config::between_open(0, 1),
          "masked: share of the tokens that is predicted");
  v.field("mask_token_id", mask_token_id, config::at_least(-1),
          "masked: -1: as the tokens' header or tokenizer says");
  v.object("images", images, "image: what is classified");
  batch.visit(v);
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
  config.batch.share(communicator);  // refused before anything is trained
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
