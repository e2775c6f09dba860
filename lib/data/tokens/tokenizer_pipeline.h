// A tokenizer made of the parts that tokenizer.json lists: added tokens are found in the text, and what lies
// between them is normalised, cut into words and given to the model.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "data/tokens/tokenizer.h"
#include "data/tokens/tokenizer_model.h"
#include "data/tokens/tokenizer_text.h"

namespace frugal::data {

struct AddedToken {
  std::string content;
  std::int32_t id = 0;
  bool special = false, takes_space_left = false, takes_space_right = false;
};

struct TokenizerParts {
  std::string origin;
  Vocabulary vocabulary;  // with the added tokens
  std::vector<AddedToken> added;
  std::vector<Normalizer> normalizers;
  std::vector<Splitter> splitters;
  bool add_prefix_space = false;
  std::variant<std::monostate, BytePairModel, WordPieceModel> model;
};

std::unique_ptr<Tokenizer> make_tokenizer(TokenizerParts parts);

// SentencePiece's own file; UserError where this build has no SentencePiece.
std::unique_ptr<Tokenizer> load_sentencepiece(const std::string& path);

}  // namespace frugal::data
