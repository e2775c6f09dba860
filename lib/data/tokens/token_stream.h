// A stream of token numbers: a flat little-endian uint16 or uint32 file, mapped rather than read, with a JSON
// header beside it (NAME.json beside NAME.bin: dtype, count, vocab_size, mask_id, special_ids), or without
// one; or a text, through a tokenizer. No torch here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "config/visitor.h"
#include "data/tokens/tokenizer.h"

namespace frugal::data {

struct TokenHeader {
  std::string dtype = "uint16";  // or uint32
  std::int64_t count = -1;       // −1: what the file's size says
  std::int64_t vocab_size = -1;  // −1: not known
  std::int32_t mask_id = -1;
  std::vector<std::int64_t> special_ids;
};

class TokenStream {
 public:
  // A .bin file. `dtype` is for files without a header; one with a header must agree where `dtype` is not
  // empty. UserError where it is empty, has part of a token, or differs from its header.
  static TokenStream open(const std::string& path, const std::string& dtype = "");
  static TokenStream of_text(const std::string& path, const Tokenizer& tokenizer);
  static TokenStream of(std::vector<std::uint32_t> tokens, const std::string& origin);

  std::int64_t size() const { return size_; }
  const std::string& origin() const { return origin_; }
  const TokenHeader& header() const { return header_; }
  std::int64_t at(std::int64_t index) const;
  void copy(std::int64_t first, std::int64_t count, std::int64_t* out) const;

  // UserError naming the first token that a vocabulary of this size has not.
  void check_range(std::int64_t vocab_size) const;

 private:
  std::string origin_;
  TokenHeader header_;
  std::shared_ptr<base::MappedFile> file_;
  std::vector<std::uint32_t> tokens_;
  std::int64_t size_ = 0;
  bool wide_ = false;
};

// Writes NAME.bin and its header NAME.json; uint16 where every number fits.
TokenHeader write_tokens(const std::string& path, const std::vector<std::int32_t>& tokens,
                         const Tokenizer& tokenizer);

// Where the tokens of a language model come from.
struct TokenDataConfig {
  std::string train, validation;  // .bin, or text files
  std::string tokenizer;          // for text; empty: the model's own directory
  std::string dtype;              // of .bin files without a header; empty: uint16
  std::int64_t sequence_length = 64;
  std::int64_t validation_tokens = 8192;

  void visit(config::Visitor& v);
};

// Opens `path` as its name says: .bin, else text through `tokenizer_path`.
TokenStream open_tokens(const TokenDataConfig& config, const std::string& path,
                        const std::string& tokenizer_path);

}  // namespace frugal::data
