// The two models that turn a word into tokens: byte-level byte-pair encoding (Sennrich et al. 2016; Radford
// et al. 2019) and WordPiece (Schuster, Nakajima 2012; longest match first, as BERT does it).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace frugal::data {

using Vocabulary = std::unordered_map<std::string, std::int32_t>;

// GPT-2's printable stand-ins for bytes ("Ġ" for a space) back to the bytes; empty where a character is none.
std::string bytes_of_printable(std::string_view token);

class BytePairModel {
 public:
  // The vocabulary as in the files (printable stand-ins); merges in order of rank. `unknown` −1: a byte
  // without a token is dropped, as the reference does. Throws UserError at `origin` on a merge whose parts
  // or result are not in the vocabulary.
  BytePairModel(const Vocabulary& vocabulary, const std::vector<std::pair<std::string, std::string>>& merges,
                std::int32_t unknown, bool ignore_merges, const std::string& origin);

  void encode(std::string_view word, std::vector<std::int32_t>& out) const;  // word: raw bytes

 private:
  struct Merge {
    std::int32_t rank, result;
  };
  static std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
    return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) |
           static_cast<std::uint32_t>(right);
  }

  std::unordered_map<std::uint64_t, Merge> merges_;
  Vocabulary whole_;  // by raw bytes, for ignore_merges
  std::int32_t byte_ids_[256];
  bool ignore_merges_;
};

class WordPieceModel {
 public:
  WordPieceModel(Vocabulary vocabulary, std::string prefix, std::int32_t unknown, std::size_t most_characters)
      : vocabulary_(std::move(vocabulary)),
        prefix_(std::move(prefix)),
        unknown_(unknown),
        most_characters_(most_characters) {}

  void encode(std::string_view word, std::vector<std::int32_t>& out) const;

 private:
  Vocabulary vocabulary_;
  std::string prefix_;
  std::int32_t unknown_;
  std::size_t most_characters_;
};

}  // namespace frugal::data
