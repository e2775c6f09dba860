// tokenizer.json, the format of Hugging Face's `tokenizers`. What is not read is refused by its name, because
// a step that is passed over would give other tokens than the model was trained on.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "config/config.h"
#include "data/tokens/tokenizer_pipeline.h"

namespace frugal::data {
namespace {

using base::UserError;
using Json = nlohmann::json;

class Parser {
 public:
  Parser(const Json& json, std::string origin) : json_(json) { parts_.origin = std::move(origin); }

  TokenizerParts parse() {
    if (!json_.is_object()) fail("", "must be an object");
    const Json& model = at(json_, "model", "");
    read_vocabulary(model);
    read_added();
    if (const Json* normalizer = present(json_, "normalizer")) add_normalizer(*normalizer, "/normalizer");
    bool byte_level = false;
    if (const Json* cut = present(json_, "pre_tokenizer")) byte_level = add_splitter(*cut, "/pre_tokenizer");
    read_model(model, byte_level);
    return std::move(parts_);
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& message,
                         const std::string& hint = "") const {
    throw UserError(parts_.origin + ":" + path, message, hint);
  }

  const Json* present(const Json& json, const char* key) const {
    const auto found = json.find(key);
    return found == json.end() || found->is_null() ? nullptr : &*found;
  }
  const Json& at(const Json& json, const char* key, const std::string& path) const {
    const Json* found = json.is_object() ? present(json, key) : nullptr;
    if (found == nullptr) fail(path + "/" + key, "is missing: this is no whole tokenizer.json");
    return *found;
  }
  std::string text(const Json& json, const char* key, const std::string& path) const {
    const Json& value = at(json, key, path);
    if (!value.is_string()) fail(path + "/" + key, "must be a text");
    return value.get<std::string>();
  }
  bool flag(const Json& json, const char* key, bool otherwise, const std::string& path) const {
    const Json* value = json.is_object() ? present(json, key) : nullptr;
    if (value == nullptr) return otherwise;
    if (!value->is_boolean()) fail(path + "/" + key, "must be true or false");
    return value->get<bool>();
  }
  std::int32_t number(const Json& value, const std::string& path) const {
    if (!value.is_number_integer() || value.get<std::int64_t>() < 0 ||
        value.get<std::int64_t>() > 0x7ffffffe) {
      fail(path, "must be a token number, a whole number from 0 on");
    }
    return static_cast<std::int32_t>(value.get<std::int64_t>());
  }

  void read_vocabulary(const Json& model) {
    const Json& vocabulary = at(model, "vocab", "/model");
    if (!vocabulary.is_object()) {
      fail("/model/vocab", "is no table of texts and numbers",
           "a Unigram model is read from SentencePiece's own tokenizer.model");
    }
    for (const auto& [token, id] : vocabulary.items())
      parts_.vocabulary[token] = number(id, "/model/vocab/" + token);
    if (parts_.vocabulary.empty()) fail("/model/vocab", "is empty");
  }

  void read_added() {
    const Json* added = present(json_, "added_tokens");
    if (added == nullptr) return;
    if (!added->is_array()) fail("/added_tokens", "must be a list");
    for (std::size_t i = 0; i < added->size(); ++i) {
      const std::string path = fmt::format("/added_tokens/{}", i);
      const Json& entry = (*added)[i];
      AddedToken token;
      token.content = text(entry, "content", path);
      token.id = number(at(entry, "id", path), path + "/id");
      token.special = flag(entry, "special", false, path);
      token.takes_space_left = flag(entry, "lstrip", false, path);
      token.takes_space_right = flag(entry, "rstrip", false, path);
      if (token.content.empty()) fail(path + "/content", "must not be empty");
      parts_.vocabulary[token.content] = token.id;
      parts_.added.push_back(std::move(token));
    }
  }

  template <class Each>
  void for_sequence(const Json& step, const char* key, const std::string& path, const Each& each) const {
    const Json& list = at(step, key, path);
    if (!list.is_array()) fail(path + "/" + key, "must be a list");
    for (std::size_t i = 0; i < list.size(); ++i) {
      each(list[i], fmt::format("{}/{}/{}", path, key, i));
    }
  }

  void add_normalizer(const Json& step, const std::string& path) {
    const std::string type = text(step, "type", path);
    if (type == "Sequence") {
      for_sequence(step, "normalizers", path,
                   [&](const Json& s, const std::string& p) { add_normalizer(s, p); });
    } else if (type == "BertNormalizer") {
      BertNormalizerOptions options;
      options.clean_text = flag(step, "clean_text", true, path);
      options.handle_chinese_chars = flag(step, "handle_chinese_chars", true, path);
      options.lowercase = flag(step, "lowercase", true, path);
      options.strip_accents = flag(step, "strip_accents", options.lowercase, path);
      parts_.normalizers.emplace_back([options](std::string_view t) { return bert_normalize(t, options); });
    } else if (type == "NFC" || type == "NFD" || type == "NFKC" || type == "NFKD") {
      parts_.normalizers.emplace_back([type](std::string_view t) { return unicode_normal_form(t, type); });
    } else if (type == "Lowercase") {
      parts_.normalizers.emplace_back(lowercase);
    } else if (type == "StripAccents") {
      parts_.normalizers.emplace_back(strip_accents);
    } else {
      fail(path + "/type", "the normalizer '" + type + "' is not read",
           "read are BertNormalizer, NFC, NFD, NFKC, NFKD, Lowercase, StripAccents; a SentencePiece model is "
           "read "
           "from its tokenizer.model");
    }
  }

  // Returns whether the words are raw bytes to the model (ByteLevel).
  bool add_splitter(const Json& step, const std::string& path) {
    const std::string type = text(step, "type", path);
    if (type == "Sequence") {
      bool byte_level = false;
      for_sequence(step, "pretokenizers", path,
                   [&](const Json& s, const std::string& p) { byte_level |= add_splitter(s, p); });
      return byte_level;
    }
    if (type == "ByteLevel") {
      parts_.add_prefix_space = flag(step, "add_prefix_space", true, path);
      if (flag(step, "use_regex", true, path)) {
        parts_.splitters.emplace_back(RegexSplitter(gpt2_pattern, false, false, parts_.origin));
      }
      return true;
    }
    if (type == "Split") {
      add_split(step, path);
    } else if (type == "Digits") {
      const bool single = flag(step, "individual_digits", false, path);
      parts_.splitters.emplace_back(
          RegexSplitter(single ? R"(\p{N})" : R"(\p{N}+)", false, false, parts_.origin));
    } else if (type == "BertPreTokenizer") {
      parts_.splitters.emplace_back(split_bert);
    } else if (type == "WhitespaceSplit") {
      parts_.splitters.emplace_back(split_whitespace);
    } else if (type == "Whitespace") {
      parts_.splitters.emplace_back(RegexSplitter(R"(\w+|[^\w\s]+)", true, true, parts_.origin));
    } else {
      fail(path + "/type", "the pre-tokenizer '" + type + "' is not read",
           "read are ByteLevel, Split, Digits, BertPreTokenizer, Whitespace, WhitespaceSplit; a "
           "SentencePiece model "
           "is read from its tokenizer.model");
    }
    return false;
  }

  void add_split(const Json& step, const std::string& path) {
    const Json& pattern = at(step, "pattern", path);
    std::string expression;
    if (pattern.is_object() && pattern.contains("Regex")) {
      expression = text(pattern, "Regex", path + "/pattern");
    } else {
      expression = "\\Q" + text(pattern, "String", path + "/pattern") + "\\E";
    }
    const std::string behaviour = text(step, "behavior", path);
    if (behaviour != "Isolated" && behaviour != "Removed") {
      fail(path + "/behavior", "'" + behaviour + "' is not read", "read are Isolated and Removed");
    }
    parts_.splitters.emplace_back(RegexSplitter(expression, behaviour == "Removed",
                                                flag(step, "invert", false, path),
                                                parts_.origin + ":" + path + "/pattern"));
  }

  void read_model(const Json& model, bool byte_level) {
    // Old files do not name the type; then it is what its fields say.
    const std::string type = present(model, "type") != nullptr ? text(model, "type", "/model")
                             : model.contains("merges")        ? "BPE"
                                                               : "WordPiece";
    std::int32_t unknown = -1;
    if (present(model, "unk_token") != nullptr) {
      const auto found = parts_.vocabulary.find(text(model, "unk_token", "/model"));
      if (found == parts_.vocabulary.end()) fail("/model/unk_token", "is not in the vocabulary");
      unknown = found->second;
    }
    if (type == "WordPiece") {
      if (unknown < 0) fail("/model/unk_token", "WordPiece needs the token of unknown words");
      const Json* most = present(model, "max_input_chars_per_word");
      const std::size_t characters =
          most == nullptr ? 100 : static_cast<std::size_t>(number(*most, "/model/max_input_chars_per_word"));
      const std::string prefix = present(model, "continuing_subword_prefix") == nullptr
                                     ? "##"
                                     : text(model, "continuing_subword_prefix", "/model");
      parts_.model = WordPieceModel(parts_.vocabulary, prefix, unknown, characters);
    } else if (type == "BPE") {
      if (!byte_level || flag(model, "byte_fallback", false, "/model")) {
        fail("/model", "is byte-pair encoding of characters, which is not read",
             "byte-level BPE is; a SentencePiece model is read from its tokenizer.model");
      }
      for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
        if (present(model, key) != nullptr && !text(model, key, "/model").empty()) {
          fail(std::string("/model/") + key, "is not read");
        }
      }
      parts_.model = BytePairModel(parts_.vocabulary, merges_of(model), unknown,
                                   flag(model, "ignore_merges", false, "/model"), parts_.origin);
    } else {
      fail("/model/type", "the model '" + type + "' is not read",
           "read are BPE and WordPiece; Unigram through SentencePiece's own tokenizer.model");
    }
  }

  std::vector<std::pair<std::string, std::string>> merges_of(const Json& model) const {
    std::vector<std::pair<std::string, std::string>> merges;
    for_sequence(model, "merges", "/model", [&](const Json& entry, const std::string& path) {
      if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
        merges.emplace_back(entry[0].get<std::string>(), entry[1].get<std::string>());
        return;
      }
      const std::string line = entry.is_string() ? entry.get<std::string>() : "";
      const std::size_t space = line.find(' ');
      if (space == std::string::npos) fail(path, "must be two parts: \"a b\" or [\"a\", \"b\"]");
      merges.emplace_back(line.substr(0, space), line.substr(space + 1));
    });
    return merges;
  }

  const Json& json_;
  TokenizerParts parts_;
};

}  // namespace

std::unique_ptr<Tokenizer> parse_tokenizer_json(const std::string& text, const std::string& origin) {
  const Json json = config::parse(text, origin);
  return make_tokenizer(Parser(json, origin).parse());
}

}  // namespace frugal::data
