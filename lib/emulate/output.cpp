#include "emulate/output.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/error.h"

namespace frugal::emulate {
namespace {

// The words of a line, taken one after the other.
class Words {
 public:
  explicit Words(const std::string& line) : line_(line), in_(line) { in_ >> first_; }
  const std::string& first() const { return first_; }

  std::string next() {
    std::string word;
    if (!(in_ >> word)) fail();
    return word;
  }
  template <typename T>
  T number(int base = 10) {
    const std::string word = next();
    T value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
    if (error != std::errc() || end != word.data() + word.size()) fail();
    return value;
  }
  void end() {
    std::string rest;
    if (in_ >> rest) fail();
  }
  [[noreturn]] void fail() const {
    throw base::Failure("the program printed what is no line of a stream: '" + line_.substr(0, 80) + "'");
  }

 private:
  std::string line_, first_;
  std::istringstream in_;
};

}  // namespace

void OutputReader::take(const std::string& line) {
  Words words(line);
  if (words.first() == "learn" || words.first() == "predict") {
    Answer answer;
    answer.learn = words.first() == "learn";
    answer.label = words.number<std::int32_t>();
    answer.predicted = words.number<std::int32_t>();
    if (answer.learn || answer.predicted < 0) {
      answer.loss_bits = words.number<std::uint32_t>(16);
    } else if (words.next() != "-") {
      words.fail();
    }
    answer.instructions = words.number<std::uint64_t>();
    words.end();
    output_.answers.push_back(answer);
    if (on_answer_) on_answer_(answer);
  } else if (words.first() == "remember") {
    Answer answer;
    answer.remember = true;
    answer.label = words.number<std::int32_t>();
    words.end();
    output_.answers.push_back(answer);
    if (on_answer_) on_answer_(answer);
  } else if (words.first() == "state") {
    output_.state_hash = words.number<std::uint64_t>(16);
    output_.state_bytes = words.number<std::int64_t>();
  } else if (words.first() == "memory") {
    Memory& memory = output_.memory;
    for (std::int64_t* number :
         {&memory.static_bytes, &memory.stack_bytes, &memory.stack_used, &memory.flash_bytes})
      *number = words.number<std::int64_t>();
  } else if (words.first() == "call") {
    const auto mark = words.number<std::int64_t>();
    output_.calls[mark] = words.number<std::uint64_t>();
  } else if (words.first() == "done") {
    output_.done = words.number<std::int64_t>();
  } else if (words.first() == "error:") {
    const std::size_t after = line.find(words.first()) + words.first().size() + 1;
    output_.error = line.substr(std::min(after, line.size()));
  } else {
    words.fail();
  }
}

}  // namespace frugal::emulate
