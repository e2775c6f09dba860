// Turns texts into feature vectors with a language model, one vector a text, for train/knn.h.
#pragma once

#include "data/tokens/labelled_text.h"
#include "model/transformer/transformer.h"
#include "train/knn.h"

namespace frugal::train {

enum class Pool { mean, last };  // over the text's tokens, or that of its last token

// Last hidden states, with the text's class. UserError where a token is not in the model's vocabulary;
// `origin` stands in it.
LabelledFeatures text_features(const model::TransformerConfig& model, const model::Weights& weights,
                               const data::LabelledTexts& texts, Pool pool, std::size_t most_tokens,
                               const std::string& origin);

}  // namespace frugal::train
