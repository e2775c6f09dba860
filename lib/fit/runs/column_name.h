// The name of a column, taken apart: its words without case, plural and punctuation, and the unit that it
// says. "Params (B)" is the word param in billions, "tokens_seen" token and seen, "training_pflops" training
// and flop in 1e15.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace frugal::fit {

struct ColumnName {
  std::vector<std::string> words;  // lower case, one of many: "params" is "param"
  double factor = 1;               // what its values are multiplied by
  bool percent = false;
  double log_base = 0;  // 10 or 2 for "log10_flops": its values are exponents; 0 else

  bool has(const std::string& word) const;
};
ColumnName read_column_name(const std::string& name);

// How a role is found by words: any of `any` (each one word, or several that must all be there: "model
// size"), none of `never`. Made once, asked of many names.
class RoleWords {
 public:
  RoleWords() = default;
  RoleWords(const std::vector<std::string>& any, const std::vector<std::string>& never);

 private:
  friend double word_match(const ColumnName& name, const RoleWords& words);
  struct Phrase {
    std::vector<std::string> words;
    double share = 0;  // its place in `any`, from 0 to 1
  };
  std::unordered_map<std::string, std::vector<Phrase>> any_;  // by the first word
  std::unordered_set<std::string> never_;
};
// How well the name fits: 0 not at all, else larger where fewer words are left over and `any` names it
// earlier.
double word_match(const ColumnName& name, const RoleWords& words);

}  // namespace frugal::fit
