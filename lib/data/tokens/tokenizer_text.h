// What happens to a text before its words meet the vocabulary: normalisation and the cut into words, each
// step with the name that tokenizer.json gives it. Unicode's tables are utf8proc's, regular expressions
// PCRE2's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace frugal::data {

// Throws UserError naming `origin` and the byte where a text is not UTF-8.
void check_utf8(std::string_view text, const std::string& origin);

// Code points of a valid text, and back.
std::u32string to_code_points(std::string_view text);
void append_utf8(char32_t code_point, std::string& out);

bool is_space(char32_t code_point);  // Unicode's White_Space

using Normalizer = std::function<std::string(std::string_view)>;

struct BertNormalizerOptions {
  bool clean_text = true, handle_chinese_chars = true, strip_accents = true, lowercase = true;
};
std::string bert_normalize(std::string_view text, const BertNormalizerOptions& options);
std::string lowercase(std::string_view text);      // code point by code point
std::string strip_accents(std::string_view text);  // drops nonspacing marks (after NFD)
// "NFC", "NFD", "NFKC", "NFKD"
std::string unicode_normal_form(std::string_view text, const std::string& form);

// Cuts pieces further; what is left out (white space) is gone.
using Splitter = std::function<void(std::string_view piece, std::vector<std::string>& out)>;

void split_bert(std::string_view piece, std::vector<std::string>& out);
void split_whitespace(std::string_view piece, std::vector<std::string>& out);

// The cut that GPT-2 makes (its published pattern).
extern const char* const gpt2_pattern;

// Matches stand alone ("Isolated"), or go ("Removed"); with `invert` what lies between them is the match.
class RegexSplitter {
 public:
  // Throws UserError at `origin` where PCRE2 does not accept the pattern.
  RegexSplitter(const std::string& pattern, bool removed, bool invert, const std::string& origin);
  void operator()(std::string_view piece, std::vector<std::string>& out) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
  bool removed_, invert_;
  std::string origin_;
};

}  // namespace frugal::data
