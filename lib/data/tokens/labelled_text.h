// Short texts with a class each, for judging a model's features: a file of lines `class<TAB>text`, read
// through a tokenizer. No torch here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/tokens/tokenizer.h"

namespace frugal::data {

struct LabelledTexts {
  std::vector<std::string> classes;               // in order of their names
  std::vector<std::int64_t> labels;               // of each text, an index into classes
  std::vector<std::vector<std::int32_t>> tokens;  // of each text
};

// Where `classes` is not empty, they are the classes that may occur.
// UserError, with the line, where a line has no tab, no class or no token, or another class; where there is
// no line at all.
LabelledTexts read_labelled_texts(const std::string& path, const Tokenizer& tokenizer,
                                  const std::vector<std::string>& classes = {});

}  // namespace frugal::data
