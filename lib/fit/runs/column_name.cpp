#include "fit/runs/column_name.h"

#include <algorithm>
#include <optional>

#include "fit/runs/number.h"

namespace frugal::fit {
namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return is_upper(c) || (c >= 'a' && c <= 'z'); }

std::string one_of_many(const std::string& word) {
  if (word == "losses") return "loss";
  if (word == "accuracies") return "accuracy";
  if (word == "flops" || word == "params" || word == "toks") return word.substr(0, word.size() - 1);
  const bool many = word.size() > 4 && word.ends_with('s') && !word.ends_with("ss") && !word.ends_with("us");
  return many ? word.substr(0, word.size() - 1) : word;
}

// "trainTokens_seen" -> train, token, seen; "log10" stays one word.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(one_of_many(word));
    word.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!is_letter(c) && !is_digit(c)) {
      end_word();
      continue;
    }
    const bool hump = i > 0 && is_upper(c) && is_letter(text[i - 1]) &&
                      (!is_upper(text[i - 1]) || (i + 2 < text.size() && is_letter(text[i + 1]) &&
                                                  !is_upper(text[i + 1]) && text.substr(i + 1, 1) != "s"));
    if (hump) end_word();
    word += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  end_word();
  return words;
}

// Units that stand as a word of their own: "params_b", "tokens billion", "error pct".
std::optional<double> unit_word(const std::string& word, bool last) {
  if (word == "pct" || word == "percent" || word == "percentage") return 0.01;
  static const std::vector<std::string> long_units = {"thousand", "million", "billion", "trillion"};
  if (std::count(long_units.begin(), long_units.end(), word) > 0) return unit_factor(word);
  static const std::vector<std::string> short_units = {"k", "m", "b", "t", "bn", "mn"};
  if (last && std::count(short_units.begin(), short_units.end(), word) > 0) return unit_factor(word);
  return std::nullopt;
}

void apply(ColumnName& name, double factor) {
  if (factor == 0.01)
    name.percent = true;
  else
    name.factor *= factor;
}

// Brackets hold a unit, or words like any others; what is left of the text comes back.
std::string without_brackets(const std::string& text, ColumnName& name) {
  std::string rest;
  for (std::size_t i = 0; i < text.size();) {
    const char open = text[i], close = open == '(' ? ')' : open == '[' ? ']' : 0;
    const std::size_t end = close == 0 ? std::string::npos : text.find(close, i);
    if (end == std::string::npos) {
      rest += open;
      ++i;
      continue;
    }
    const std::string inside = text.substr(i + 1, end - i - 1);
    const auto factor = unit_factor(inside);
    if (factor) apply(name, *factor);
    // "D (tokens)", "C (EFLOPs)": the unit says what is counted too.
    const std::vector<std::string> words = words_of(inside);
    for (const std::string& word : words) {
      if (word == "log10") name.log_base = 10;
      if (word == "log2") name.log_base = 2;
      if (!factor || word.size() > 3) rest += " " + (word.ends_with("flop") ? "flop" : word) + " ";
    }
    i = end + 1;
  }
  return rest;
}

}  // namespace

bool ColumnName::has(const std::string& word) const {
  return std::find(words.begin(), words.end(), word) != words.end();
}

ColumnName read_column_name(const std::string& given) {
  ColumnName name;
  std::string text = without_brackets(given, name);
  if (text.find('%') != std::string::npos) name.percent = true;
  const std::size_t comma = text.rfind(',');  // "Tokens, B"
  if (comma != std::string::npos) {
    if (const auto factor = unit_factor(text.substr(comma + 1))) {
      apply(name, *factor);
      text = text.substr(0, comma);
    }
  }
  std::vector<std::string> words = words_of(text);
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string& word = words[i];
    const bool last = i + 1 == words.size() && words.size() > 1;
    if (word == "log10" || word == "log2") {
      name.log_base = word == "log10" ? 10 : 2;
    } else if (const auto unit = words.size() > 1 ? unit_word(word, last) : std::nullopt) {
      if (name.factor == 1 || *unit == 0.01) apply(name, *unit);
    } else if (word.size() > 4 && (word.ends_with("flop"))) {
      if (const auto factor = unit_factor(word)) apply(name, *factor);
      name.words.emplace_back("flop");
    } else if ((word == "pf" || word == "petaflop") && last == false && i + 1 < words.size() &&
               words[i + 1].starts_with("day")) {
      apply(name, 86400e15);
      name.words.emplace_back("flop");
      ++i;
    } else if (word == "pfday" || word == "pfdays") {
      apply(name, 86400e15);
      name.words.emplace_back("flop");
    } else if (word != "in" && word != "of" && word != "the") {
      name.words.push_back(word);
    }
  }
  return name;
}

RoleWords::RoleWords(const std::vector<std::string>& any, const std::vector<std::string>& never)
    : never_(never.begin(), never.end()) {
  for (std::size_t i = 0; i < any.size(); ++i) {
    const std::vector<std::string> words = words_of(any[i]);
    any_[words.front()].push_back({words, double(i) / double(any.size())});
  }
}

double word_match(const ColumnName& name, const RoleWords& words) {
  double best = 0;
  for (const std::string& word : name.words) {
    if (words.never_.contains(word)) return 0;
    const auto phrases = words.any_.find(word);
    if (phrases == words.any_.end()) continue;
    for (const RoleWords::Phrase& phrase : phrases->second) {
      const bool all = std::all_of(phrase.words.begin(), phrase.words.end(),
                                   [&](const std::string& needed) { return name.has(needed); });
      if (!all) continue;
      const double left_over = double(name.words.size()) - double(phrase.words.size());
      best = std::max(best, 1 / (1 + left_over) + 1e-3 * (1 - phrase.share));
    }
  }
  return best;
}

}  // namespace frugal::fit
