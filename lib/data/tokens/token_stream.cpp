#include "data/tokens/token_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/config.h"
#include "report/result.h"

namespace frugal::data {
namespace {

using base::UserError;

std::string header_path(const std::string& path) {
  return std::filesystem::path(path).replace_extension(".json").string();
}

struct HeaderFields : TokenHeader {
  std::int64_t mask = -1;
  std::string tokenizer;
  void visit(config::Visitor& v) {
    v.choice("dtype", dtype, {"uint16", "uint32"}, "of a token");
    v.field("count", count, config::at_least(-1), "tokens");
    v.field("vocab_size", vocab_size, config::at_least(-1), "highest token number plus one, or more");
    v.field("mask_id", mask, config::at_least(-1), "the mask token");
    v.field("special_ids", special_ids, config::at_least(0), "tokens that are no text");
    v.field("tokenizer", tokenizer, "what made the file");
  }
};

TokenHeader read_header(const std::string& path) {
  HeaderFields fields;
  config::read(fields, config::load(path));
  fields.mask_id = static_cast<std::int32_t>(fields.mask);
  return fields;
}

template <class Value>
Value load(const unsigned char* bytes, std::int64_t index) {
  Value value;
  std::memcpy(&value, bytes + static_cast<std::size_t>(index) * sizeof(Value), sizeof(Value));
  return value;
}

}  // namespace

TokenStream TokenStream::open(const std::string& path, const std::string& dtype) {
  TokenStream stream;
  stream.origin_ = path;
  const bool has_header = std::filesystem::exists(header_path(path));
  if (has_header) {
    stream.header_ = read_header(header_path(path));
    if (!dtype.empty() && dtype != stream.header_.dtype) {
      throw UserError(header_path(path),
                      fmt::format("says {}, but the config says {}", stream.header_.dtype, dtype));
    }
  } else if (!dtype.empty()) {
    stream.header_.dtype = dtype;
  }
  stream.wide_ = stream.header_.dtype == "uint32";
  const std::size_t width = stream.wide_ ? 4 : 2;
  stream.file_ = std::make_shared<base::MappedFile>(path);
  if (stream.file_->size() == 0) throw UserError(path, "holds no tokens: the file is empty");
  if (stream.file_->size() % width != 0) {
    throw UserError(path,
                    fmt::format("has {} bytes, which is no whole number of {} tokens", stream.file_->size(),
                                stream.header_.dtype),
                    "the file was cut short, or its dtype is another");
  }
  stream.size_ = static_cast<std::int64_t>(stream.file_->size() / width);
  if (stream.header_.count >= 0 && stream.header_.count != stream.size_) {
    throw UserError(
        path,
        fmt::format("holds {} tokens, but {} says {}", stream.size_, header_path(path), stream.header_.count),
        "the file was cut short, or the header is of another file");
  }
  return stream;
}

TokenStream TokenStream::of(std::vector<std::uint32_t> tokens, const std::string& origin) {
  TokenStream stream;
  stream.origin_ = origin;
  stream.tokens_ = std::move(tokens);
  stream.size_ = static_cast<std::int64_t>(stream.tokens_.size());
  if (stream.size_ == 0) throw UserError(origin, "holds no tokens");
  return stream;
}

TokenStream TokenStream::of_text(const std::string& path, const Tokenizer& tokenizer) {
  std::vector<std::int32_t> ids;
  try {
    ids = tokenizer.encode(base::read_text(path));
  } catch (const UserError& error) {
    if (error.place() != "text") throw;
    throw UserError(path, error.message(), error.hint());
  }
  TokenStream stream = of({ids.begin(), ids.end()}, path);
  stream.header_.mask_id = tokenizer.mask_id();
  stream.header_.vocab_size = tokenizer.vocab_size();
  for (const std::int32_t id : tokenizer.special_ids()) stream.header_.special_ids.push_back(id);
  return stream;
}

std::int64_t TokenStream::at(std::int64_t index) const {
  FRUGAL_ASSERT(index >= 0 && index < size_, "a token within the stream");
  if (!file_) return tokens_[static_cast<std::size_t>(index)];
  return wide_ ? static_cast<std::int64_t>(load<std::uint32_t>(file_->data(), index))
               : static_cast<std::int64_t>(load<std::uint16_t>(file_->data(), index));
}

void TokenStream::copy(std::int64_t first, std::int64_t count, std::int64_t* out) const {
  for (std::int64_t i = 0; i < count; ++i) out[i] = at(first + i);
}

void TokenStream::check_range(std::int64_t vocab_size) const {
  if (header_.vocab_size > vocab_size) {
    throw UserError(
        origin_,
        fmt::format("was made with a vocabulary of {}, but the model has {}", header_.vocab_size, vocab_size),
        "tokens and model must share one tokenizer");
  }
  for (std::int64_t i = 0; i < size_; ++i) {
    if (at(i) >= vocab_size) {
      throw UserError(
          fmt::format("{}:{}", origin_, i),
          fmt::format("token {} is out of range: the model's vocabulary has {}", at(i), vocab_size),
          "tokens and model must share one tokenizer (and the file's dtype must be right)");
    }
  }
}

TokenHeader write_tokens(const std::string& path, const std::vector<std::int32_t>& tokens,
                         const Tokenizer& tokenizer) {
  TokenHeader header;
  header.vocab_size = tokenizer.vocab_size();
  header.count = static_cast<std::int64_t>(tokens.size());
  header.mask_id = tokenizer.mask_id();
  for (const std::int32_t id : tokenizer.special_ids()) header.special_ids.push_back(id);
  const bool wide = header.vocab_size > std::numeric_limits<std::uint16_t>::max() + std::int64_t{1};
  header.dtype = wide ? "uint32" : "uint16";
  base::AtomicFile file(path);
  if (wide) {
    file.write(tokens.data(), tokens.size() * sizeof(std::int32_t));
  } else {
    std::vector<std::uint16_t> narrow(tokens.begin(), tokens.end());
    file.write(narrow.data(), narrow.size() * sizeof(std::uint16_t));
  }
  // The header first: without the tokens it says nothing, tokens without it could be read wrongly.
  const nlohmann::ordered_json json{{"dtype", header.dtype},
                                    {"count", header.count},
                                    {"vocab_size", header.vocab_size},
                                    {"mask_id", header.mask_id},
                                    {"special_ids", header.special_ids}};
  report::write_result(header_path(path), json);
  file.commit();
  return header;
}

void TokenDataConfig::visit(config::Visitor& v) {
  v.field("train", train, "tokens to train on: a .bin file, or a text");
  v.field("validation", validation, "tokens to evaluate on: a .bin file, or a text");
  v.field("tokenizer", tokenizer, "tokenizer file or directory for texts; empty: the model's own directory");
  v.field("dtype", dtype, "uint16 or uint32, of .bin files that have no header; empty: uint16");
  v.field("sequence_length", sequence_length, config::between(1, 1 << 20), "tokens of one example");
  v.field("validation_tokens", validation_tokens, config::at_least(1),
          "how many of the validation tokens are predicted: spread evenly over the file");
}

TokenStream open_tokens(const TokenDataConfig& config, const std::string& path,
                        const std::string& tokenizer_path) {
  if (!config.dtype.empty() && config.dtype != "uint16" && config.dtype != "uint32") {
    throw UserError("data/dtype", "unknown dtype '" + config.dtype + "'",
                    base::suggest(config.dtype, {"uint16", "uint32"}));
  }
  if (path.empty()) throw UserError("data", "names no tokens", "set data.train and data.validation");
  if (path.ends_with(".bin")) return TokenStream::open(path, config.dtype);
  if (tokenizer_path.empty()) {
    throw UserError(path, "is a text, but there is no tokenizer to read it with",
                    "set data.tokenizer, or give a .bin file");
  }
  return TokenStream::of_text(path, *load_tokenizer(tokenizer_path));
}

}  // namespace frugal::data
