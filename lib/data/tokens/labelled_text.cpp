#include "data/tokens/labelled_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"

namespace frugal::data {

using base::UserError;

LabelledTexts read_labelled_texts(const std::string& path, const Tokenizer& tokenizer,
                                  const std::vector<std::string>& classes) {
  LabelledTexts texts;
  std::vector<std::string> names;  // of each text
  std::istringstream lines(base::read_text(path));
  std::int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) continue;
    const std::string place = fmt::format("{}:{}", path, number);
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos || tab == 0) {
      throw UserError(place, tab == 0 ? "has no class before its tab" : "has no tab",
                      "a line is a class, a tab, a text");
    }
    names.push_back(line.substr(0, tab));
    if (!classes.empty() && !std::ranges::count(classes, names.back())) {
      throw UserError(place, fmt::format("'{}' is no class of the examples", names.back()),
                      base::suggest(names.back(), classes));
    }
    auto tokens = tokenizer.encode(line.substr(tab + 1));
    if (tokens.empty())
      throw UserError(place, "has no text after its tab", "a line is a class, a tab, a text");
    texts.tokens.push_back(std::move(tokens));
  }
  if (names.empty()) throw UserError(path, "has no line", "a line is a class, a tab, a text");
  texts.classes = classes;
  if (classes.empty()) {
    const std::set<std::string> sorted(names.begin(), names.end());
    texts.classes.assign(sorted.begin(), sorted.end());
  }
  for (const std::string& name : names)
    texts.labels.push_back(std::ranges::find(texts.classes, name) - texts.classes.begin());
  return texts;
}

}  // namespace frugal::data
