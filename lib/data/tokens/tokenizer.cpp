#include "data/tokens/tokenizer.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "config/config.h"
#include "data/tokens/tokenizer_pipeline.h"

namespace frugal::data {
namespace {

using base::UserError;
namespace fs = std::filesystem;

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::istringstream in(base::read_text(path));
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

void add_known_specials(TokenizerParts& parts, std::initializer_list<const char*> tokens) {
  for (const char* token : tokens) {
    const auto found = parts.vocabulary.find(token);
    if (found == parts.vocabulary.end()) continue;
    parts.added.push_back({token, found->second, true, std::string(token) == "<mask>", false});
  }
}

// A flag of tokenizer_config.json beside the vocabulary.
bool config_flag(const fs::path& folder, const char* key, bool otherwise) {
  const fs::path path = folder / "tokenizer_config.json";
  if (!fs::exists(path)) return otherwise;
  const auto json = config::parse(base::read_text(path.string()), path.string());
  return json.is_object() && json.contains(key) && json[key].is_boolean() ? json[key].get<bool>() : otherwise;
}

// BERT's vocab.txt: one token a line, its number is the line's.
std::unique_ptr<Tokenizer> load_vocab_txt(const fs::path& path) {
  TokenizerParts parts;
  parts.origin = path.string();
  std::int32_t next = 0;
  for (std::string& line : lines_of(path.string())) parts.vocabulary.try_emplace(std::move(line), next++);
  const auto unknown = parts.vocabulary.find("[UNK]");
  if (unknown == parts.vocabulary.end()) {
    throw UserError(path.string(), "has no line [UNK]: this is no WordPiece vocabulary");
  }
  BertNormalizerOptions options;
  options.lowercase = config_flag(path.parent_path(), "do_lower_case", true);
  options.strip_accents = config_flag(path.parent_path(), "strip_accents", options.lowercase);
  options.handle_chinese_chars = config_flag(path.parent_path(), "tokenize_chinese_chars", true);
  parts.normalizers.emplace_back([options](std::string_view text) { return bert_normalize(text, options); });
  parts.splitters.emplace_back(split_bert);
  add_known_specials(parts, {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"});
  parts.model = WordPieceModel(parts.vocabulary, "##", unknown->second, 100);
  return make_tokenizer(std::move(parts));
}

// GPT-2's and RoBERTa's vocab.json with merges.txt.
std::unique_ptr<Tokenizer> load_vocab_json(const fs::path& path) {
  TokenizerParts parts;
  parts.origin = path.string();
  const auto json = config::parse(base::read_text(path.string()), path.string());
  if (!json.is_object() || json.empty()) throw UserError(path.string(), "is no table of tokens and numbers");
  for (const auto& [token, id] : json.items()) {
    if (!id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::int64_t>() > 0x7ffffffe) {
      throw UserError(path.string() + ":/" + token, "must be a token number, a whole number from 0 on");
    }
    parts.vocabulary[token] = id.get<std::int32_t>();
  }
  const std::string merges_path = (path.parent_path() / "merges.txt").string();
  std::vector<std::pair<std::string, std::string>> merges;
  for (const std::string& line : lines_of(merges_path)) {
    const std::size_t space = line.find(' ');
    if (line.starts_with("#version") || space == std::string::npos) continue;
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  parts.add_prefix_space = config_flag(path.parent_path(), "add_prefix_space", false);
  parts.splitters.emplace_back(RegexSplitter(gpt2_pattern, false, false, parts.origin));
  add_known_specials(parts, {"<|endoftext|>", "<s>", "<pad>", "</s>", "<unk>", "<mask>"});
  parts.model = BytePairModel(parts.vocabulary, merges, -1, false, parts.origin);
  return make_tokenizer(std::move(parts));
}

}  // namespace

std::unique_ptr<Tokenizer> load_tokenizer(const std::string& given) {
  fs::path path = given;
  if (fs::is_directory(path)) {
    for (const char* name : {"tokenizer.json", "vocab.json", "vocab.txt", "tokenizer.model"}) {
      if (fs::exists(path / name)) {
        path /= name;
        break;
      }
    }
    if (fs::is_directory(path)) {
      throw UserError(given, "holds no tokenizer",
                      "looked for tokenizer.json, vocab.json with merges.txt, vocab.txt, tokenizer.model");
    }
  }
  const std::string name = path.filename().string();
  if (name == "vocab.json") return load_vocab_json(path);
  if (name.ends_with(".txt")) return load_vocab_txt(path);
  if (name.ends_with(".model")) return load_sentencepiece(path.string());
  return parse_tokenizer_json(base::read_text(path.string()), path.string());
}

}  // namespace frugal::data
