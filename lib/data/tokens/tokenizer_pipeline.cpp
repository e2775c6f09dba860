#include "data/tokens/tokenizer_pipeline.h"

#include <algorithm>

namespace frugal::data {
namespace {

class Pipeline final : public Tokenizer {
 public:
  explicit Pipeline(TokenizerParts parts) : parts_(std::move(parts)) {
    for (const auto& [token, id] : parts_.vocabulary) size_ = std::max<std::int64_t>(size_, id + 1);
    // Of two added tokens that start at one place the longer one counts.
    std::stable_sort(parts_.added.begin(), parts_.added.end(), [](const AddedToken& a, const AddedToken& b) {
      return a.content.size() > b.content.size();
    });
    for (const AddedToken& token : parts_.added) starts_[static_cast<unsigned char>(token.content[0])] = true;
  }

  std::vector<std::int32_t> encode(std::string_view text) const override {
    check_utf8(text, "text");
    std::vector<std::int32_t> out;
    Words words;
    std::size_t from = 0;
    for (std::size_t at = 0; at < text.size();) {
      const AddedToken* token = added_at(text, at);
      if (token == nullptr) {
        ++at;
        continue;
      }
      std::size_t before = at, after = at + token->content.size();
      if (token->takes_space_left) {
        while (before > from && text[before - 1] == ' ') --before;
      }
      if (token->takes_space_right) {
        while (after < text.size() && text[after] == ' ') ++after;
      }
      encode_plain(text.substr(from, before - from), words, out);
      out.push_back(token->id);
      from = at = after;
    }
    encode_plain(text.substr(from), words, out);
    return out;
  }

  std::int64_t vocab_size() const override { return size_; }

  std::int32_t id_of(const std::string& token) const override {
    const auto found = parts_.vocabulary.find(token);
    return found == parts_.vocabulary.end() ? -1 : found->second;
  }

  std::vector<std::int32_t> special_ids() const override {
    std::vector<std::int32_t> ids;
    for (const AddedToken& token : parts_.added) {
      if (token.special) ids.push_back(token.id);
    }
    std::sort(ids.begin(), ids.end());
    return ids;
  }

 private:
  // A text repeats its words: each is encoded once.
  using Words = std::unordered_map<std::string, std::vector<std::int32_t>>;
  static constexpr std::size_t most_words = 1 << 20;

  const AddedToken* added_at(std::string_view text, std::size_t at) const {
    if (!starts_[static_cast<unsigned char>(text[at])]) return nullptr;
    for (const AddedToken& token : parts_.added) {
      if (text.substr(at, token.content.size()) == token.content) return &token;
    }
    return nullptr;
  }

  void encode_plain(std::string_view text, Words& words, std::vector<std::int32_t>& out) const {
    if (text.empty()) return;
    std::string normal(text);
    for (const Normalizer& normalize : parts_.normalizers) normal = normalize(normal);
    if (parts_.add_prefix_space && !normal.starts_with(' ')) normal.insert(0, 1, ' ');
    std::vector<std::string> pieces{std::move(normal)};
    for (const Splitter& split : parts_.splitters) {
      std::vector<std::string> finer;
      for (const std::string& piece : pieces) split(piece, finer);
      pieces = std::move(finer);
    }
    for (const std::string& piece : pieces) {
      if (words.size() > most_words) words.clear();
      const auto [entry, is_new] = words.try_emplace(piece);
      if (is_new) encode_word(piece, entry->second);
      out.insert(out.end(), entry->second.begin(), entry->second.end());
    }
  }

  void encode_word(std::string_view word, std::vector<std::int32_t>& out) const {
    if (const auto* pairs = std::get_if<BytePairModel>(&parts_.model)) pairs->encode(word, out);
    if (const auto* pieces = std::get_if<WordPieceModel>(&parts_.model)) pieces->encode(word, out);
  }

  TokenizerParts parts_;
  std::int64_t size_ = 0;
  bool starts_[256] = {};
};

}  // namespace

std::int32_t Tokenizer::mask_id() const {
  const std::int32_t bert = id_of("[MASK]");
  return bert >= 0 ? bert : id_of("<mask>");
}

std::unique_ptr<Tokenizer> make_tokenizer(TokenizerParts parts) {
  return std::make_unique<Pipeline>(std::move(parts));
}

}  // namespace frugal::data
