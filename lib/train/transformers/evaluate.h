// Evaluates a transformer that is not being trained: its loss on held-out data, and what its frozen features
// are good for.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "train/transformers/run.h"

namespace frugal::train {

// Features are judged by "knn_error" of held-out images among training images, or of texts among
// texts (data/tokens/labelled_text.h, train/knn.h).
struct NeighbourOptions {
  std::int64_t count = 0;           // 0: not asked for
  std::string examples, questions;  // files of labelled texts, for a language model
  std::string pool = "mean";        // of a text's tokens, or "last": that of its last token
  void visit(config::Visitor& v);
};

// Loss (and error) of a model on what the config holds out.
nlohmann::ordered_json evaluate_transformer(const TransformerRunConfig& config, const std::string& folder,
                                            const NeighbourOptions& neighbours = {});

}  // namespace frugal::train
