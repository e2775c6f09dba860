#define PCRE2_CODE_UNIT_WIDTH 8
#include "data/tokens/tokenizer_text.h"

#include <fmt/format.h>
#include <pcre2.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/error.h"

namespace frugal::data {
namespace {

using base::UserError;

utf8proc_category_t category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

bool is_control(char32_t c) {
  if (c == U'\t' || c == U'\n' || c == U'\r') return false;
  const auto kind = category(c);
  return kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_CS ||
         kind == UTF8PROC_CATEGORY_CO || kind == UTF8PROC_CATEGORY_CN;
}

bool is_punctuation(char32_t c) {
  if ((c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126))
    return true;
  const auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO;
}

// The ranges that BERT's own program names.
bool is_chinese(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

// Bytes of the code point that starts with this byte of a valid text.
std::size_t length_at(unsigned char first) {
  return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

template <class Visit>
void for_code_points(std::string_view text, const Visit& visit) {
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t length = length_at(first);
    char32_t c = length == 1 ? first : first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i)
      c = (c << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
    visit(c, at, length);
    at += length;
  }
}

}  // namespace

const char* const gpt2_pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

void check_utf8(std::string_view text, const std::string& origin) {
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    utf8proc_int32_t code_point = 0;
    const auto left = static_cast<utf8proc_ssize_t>(std::min<std::size_t>(text.size() - at, 4));
    const auto length =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at), left, &code_point);
    if (length <= 0) {
      throw UserError(
          origin, fmt::format("is not UTF-8 at byte {} (0x{:02x})", at, static_cast<unsigned char>(text[at])),
          "convert it first, for instance with iconv -t UTF-8");
    }
    at += static_cast<std::size_t>(length);
  }
}

std::u32string to_code_points(std::string_view text) {
  std::u32string out;
  for_code_points(text, [&](char32_t c, std::size_t, std::size_t) { out += c; });
  return out;
}

void append_utf8(char32_t code_point, std::string& out) {
  utf8proc_uint8_t bytes[4];
  const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
}

bool is_space(char32_t c) {
  return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

std::string lowercase(std::string_view text) {
  std::string out;
  for_code_points(text, [&](char32_t c, std::size_t at, std::size_t length) {
    if (c < 0x80) {
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c);
    } else if (c == 0x130) {  // the one letter whose lower case is two code points
      out += "i\xCC\x87";
    } else {
      const auto lower = static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
      lower == c ? void(out.append(text.substr(at, length))) : append_utf8(lower, out);
    }
  });
  return out;
}

std::string unicode_normal_form(std::string_view text, const std::string& form) {
  int options = UTF8PROC_STABLE;
  options |= form.ends_with("C") ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form.starts_with("NFK")) options |= UTF8PROC_COMPAT;
  utf8proc_uint8_t* result = nullptr;
  const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                   static_cast<utf8proc_ssize_t>(text.size()), &result,
                                   static_cast<utf8proc_option_t>(options));
  if (length < 0) throw base::Failure(std::string("Unicode normalisation: ") + utf8proc_errmsg(length));
  std::string out(reinterpret_cast<const char*>(result), static_cast<std::size_t>(length));
  std::free(result);
  return out;
}

std::string strip_accents(std::string_view text) {
  std::string out;
  for_code_points(text, [&](char32_t c, std::size_t at, std::size_t length) {
    if (c < 0x80 || category(c) != UTF8PROC_CATEGORY_MN) out.append(text.substr(at, length));
  });
  return out;
}

std::string bert_normalize(std::string_view text, const BertNormalizerOptions& options) {
  std::string out;
  for_code_points(text, [&](char32_t c, std::size_t at, std::size_t length) {
    if (options.clean_text) {
      if (c == 0 || c == 0xFFFD || is_control(c)) return;
      if (is_space(c)) {
        out += ' ';
        return;
      }
    }
    const bool spaced = options.handle_chinese_chars && is_chinese(c);
    if (spaced) out += ' ';
    out.append(text.substr(at, length));
    if (spaced) out += ' ';
  });
  if (options.strip_accents) out = strip_accents(unicode_normal_form(out, "NFD"));
  return options.lowercase ? lowercase(out) : out;
}

void split_whitespace(std::string_view piece, std::vector<std::string>& out) {
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) out.push_back(std::exchange(word, {}));
  };
  for_code_points(piece, [&](char32_t c, std::size_t at, std::size_t length) {
    is_space(c) ? end_word() : void(word.append(piece.substr(at, length)));
  });
  end_word();
}

void split_bert(std::string_view piece, std::vector<std::string>& out) {
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) out.push_back(std::exchange(word, {}));
  };
  for_code_points(piece, [&](char32_t c, std::size_t at, std::size_t length) {
    if (is_space(c)) return end_word();
    if (is_punctuation(c)) {
      end_word();
      out.emplace_back(piece.substr(at, length));
    } else {
      word.append(piece.substr(at, length));
    }
  });
  end_word();
}

struct RegexSplitter::Compiled {
  pcre2_code* code = nullptr;
  pcre2_match_context* context = nullptr;
  Compiled() = default;
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  ~Compiled() {
    pcre2_match_context_free(context);
    pcre2_code_free(code);
  }
};

RegexSplitter::RegexSplitter(const std::string& pattern, bool removed, bool invert, const std::string& origin)
    : removed_(removed), invert_(invert), origin_(origin) {
  auto compiled = std::make_shared<Compiled>();
  int error = 0;
  PCRE2_SIZE at = 0;
  compiled->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                 PCRE2_UTF | PCRE2_UCP, &error, &at, nullptr);
  if (compiled->code == nullptr) {
    PCRE2_UCHAR message[256];
    pcre2_get_error_message(error, message, sizeof message);
    throw UserError(origin, fmt::format("the regular expression is not understood at character {}: {}", at,
                                        reinterpret_cast<const char*>(message)));
  }
  pcre2_jit_compile(compiled->code, PCRE2_JIT_COMPLETE);  // where it cannot, matching is slower
  compiled->context = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(compiled->context, 10'000'000);  // an evil pattern ends in an error, not in hours
  compiled_ = std::move(compiled);
}

void RegexSplitter::operator()(std::string_view piece, std::vector<std::string>& out) const {
  const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> match(
      pcre2_match_data_create_from_pattern(compiled_->code, nullptr), pcre2_match_data_free);
  std::size_t kept = 0, from = 0;  // `kept`: end of the last match
  const auto emit = [&](std::size_t begin, std::size_t end, bool is_match) {
    if (begin < end && !(removed_ && is_match != invert_)) out.emplace_back(piece.substr(begin, end - begin));
  };
  while (from <= piece.size()) {
    const int found = pcre2_match(compiled_->code, reinterpret_cast<PCRE2_SPTR>(piece.data()), piece.size(),
                                  from, PCRE2_NO_UTF_CHECK, match.get(), compiled_->context);
    if (found == PCRE2_ERROR_NOMATCH) break;
    if (found < 0)
      throw UserError(origin_,
                      fmt::format("the regular expression cannot be carried out (PCRE2 error {})", found));
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(match.get());
    const std::size_t begin = std::max<std::size_t>(ends[0], kept), end = ends[1];
    if (end <= begin) {  // an empty match: one code point on
      if (from >= piece.size()) break;
      from = std::max(from, end);
      if (from >= piece.size()) break;
      from += length_at(static_cast<unsigned char>(piece[from]));
      continue;
    }
    emit(kept, begin, false);
    emit(begin, end, true);
    kept = from = end;
  }
  emit(kept, piece.size(), false);
}

}  // namespace frugal::data
