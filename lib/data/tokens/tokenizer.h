// Text to token numbers through a model's own tokenizer files, as Hugging Face directories hold them:
// tokenizer.json (byte-level BPE or WordPiece), vocab.json with merges.txt (GPT-2, RoBERTa), vocab.txt (BERT)
// and SentencePiece's tokenizer.model. What is checked against is Hugging Face's own `tokenizers` library.
//
// Non-goals: training a tokenizer, truncation, padding, and the special tokens that a post-processor would
// put around a sentence: a training text is one stream of tokens.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace frugal::data {

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Numbers of the tokens of a text in UTF-8. Special tokens that stand in the text are found in it.
  // Throws UserError where the text is not UTF-8.
  virtual std::vector<std::int32_t> encode(std::string_view text) const = 0;

  // Highest token number plus one: what a model's vocabulary must hold at least.
  virtual std::int64_t vocab_size() const = 0;

  // −1 where the vocabulary has no such token.
  virtual std::int32_t id_of(const std::string& token) const = 0;

  // Numbers of special tokens (padding, class, mask, …): never masked, never counted as words.
  virtual std::vector<std::int32_t> special_ids() const = 0;

  // The number of "[MASK]" or "<mask>"; −1 where there is none.
  std::int32_t mask_id() const;
};

// `path` is a model directory or one of the files named above. Throws UserError where no tokenizer file is
// there, or it is damaged, or of a kind that is not read (which is said by name).
std::unique_ptr<Tokenizer> load_tokenizer(const std::string& path);

// tokenizer.json as text; `origin` stands in errors.
std::unique_ptr<Tokenizer> parse_tokenizer_json(const std::string& text, const std::string& origin);

}  // namespace frugal::data
