// The reader of the text form: words, then lines; nothing recurses, so that no text can exhaust the stack.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <unordered_map>

#include "base/error.h"
#include "ir/text.h"
#include "ir/verify.h"

namespace frugal::ir {
namespace {

using base::UserError;

struct Word {
  enum class Kind { name, quoted, number, mark, end } kind = Kind::end;
  std::string text;
  std::size_t line = 1, column = 1;
};

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '/' || c == ':' || c == '-' || c == '+';
}

class Words {
 public:
  Words(const std::string& text, const std::string& origin) : text_(text), origin_(origin) { advance(); }

  const Word& now() const { return word_; }
  Word take() {
    Word taken = std::move(word_);
    advance();
    return taken;
  }
  bool is(const char* mark) const { return word_.kind == Word::Kind::mark && word_.text == mark; }
  bool is_word(const char* name) const { return word_.kind == Word::Kind::name && word_.text == name; }
  bool accept(const char* mark) {
    if (!is(mark)) return false;
    advance();
    return true;
  }
  void expect(const char* mark) {
    if (!accept(mark)) fail(fmt::format("'{}' was expected, got {}", mark, shown()));
  }
  std::string shown() const {
    return word_.kind == Word::Kind::end ? "the end of the text" : fmt::format("'{:.40}'", word_.text);
  }
  [[noreturn]] void fail(const std::string& message, const std::string& hint = "") const {
    fail_at(word_, message, hint);
  }
  [[noreturn]] void fail_at(const Word& word, const std::string& message,
                            const std::string& hint = "") const {
    throw UserError(fmt::format("{}:{}:{}", origin_, word.line, word.column), message, hint);
  }

 private:
  char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }

  void skip_space() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (c == '\n') {
        ++line_;
        line_start_ = ++at_;
      } else if (c == ' ' || c == '\t' || c == '\r') {
        ++at_;
      } else {
        return;
      }
    }
  }

  void advance() {
    skip_space();
    word_ = {Word::Kind::end, "", line_, at_ - line_start_ + 1};
    if (at_ >= text_.size()) return;
    const char c = text_[at_];
    if (c == '"') {
      read_quoted();
    } else if (is_name_character(c)) {
      word_.kind = Word::Kind::name;
      while (is_name_character(at(at_))) word_.text += text_[at_++];
      // "stem: f32": the colon ends the name.
      if (word_.text.size() > 1 && word_.text.back() == ':') {
        word_.text.pop_back();
        --at_;
      }
      if (word_.text == ":") word_.kind = Word::Kind::mark;
    } else {
      word_.kind = Word::Kind::mark;
      word_.text = c;
      ++at_;
    }
  }

  void read_quoted() {
    word_.kind = Word::Kind::quoted;
    for (++at_; at(at_) != '"'; ++at_) {
      if (at_ >= text_.size() || text_[at_] == '\n') fail("a quote that is not closed");
      if (text_[at_] == '\\') {
        ++at_;
        word_.text += at(at_) == 'n' ? '\n' : at(at_);
      } else {
        word_.text += text_[at_];
      }
    }
    ++at_;
  }

  const std::string& text_;
  std::string origin_;
  std::size_t at_ = 0, line_ = 1, line_start_ = 0;
  Word word_;
};

class Reader {
 public:
  Reader(const std::string& text, const std::string& origin, const OperatorTable& table)
      : words_(text, origin), table_(table) {}

  Graph read() {
    if (!words_.is_word("graph")) words_.fail("a graph begins with 'graph', got " + words_.shown());
    words_.take();
    graph_.name = name();
    words_.expect("{");
    while (!words_.accept("}")) read_line();
    if (words_.now().kind != Word::Kind::end) words_.fail("something follows the graph: " + words_.shown());
    return std::move(graph_);
  }

 private:
  void read_line() {
    const Word first = words_.now();
    const std::string word = name();
    if (first.kind == Word::Kind::name && !words_.is(":")) {
      for (const Role role : {Role::input, Role::parameter, Role::state, Role::constant}) {
        if (word == name_of(role)) {
          const Word where = words_.now();
          const TensorId id = add(typed(name()), role, where);
          if (role == Role::input) graph_.inputs.push_back(id);
          return;
        }
      }
      if (word == "output") {
        graph_.outputs.push_back(known());
        return;
      }
    }
    read_node(typed(word), first);
  }

  void read_node(Tensor output, const Word& where) {
    std::optional<Tensor> mask;
    const Word mask_word = words_.now();
    if (words_.is_word("mask")) {
      words_.take();
      mask = Tensor{name(), Role::value, DataType::bit, output.shape, std::nullopt};
    }
    words_.expect("=");
    const Word op_word = words_.now();
    Node node;
    const std::string op_name = name();
    node.op = find_operator(op_name, table_);
    if (node.op == nullptr) {
      std::vector<std::string> all;
      for (const Operator* op : table_) all.emplace_back(op->name);
      words_.fail_at(op_word, fmt::format("unknown operator '{}'", op_name), base::suggest(op_name, all));
    }
    words_.expect("(");
    while (!words_.accept(")")) {
      node.inputs.push_back(known());
      if (!words_.is(")")) words_.expect(",");
    }
    Attributes given;
    if (words_.accept("{")) {
      while (!words_.accept("}")) {
        const std::string key = name();
        words_.expect("=");
        given.emplace_back(key, value(type_of(*node.op, key)));
        if (!words_.is("}")) words_.expect(",");
      }
    }
    try {
      node.attributes = complete(*node.op, given);
    } catch (const RuleError& error) {
      words_.fail_at(op_word, error.what());
    }
    node.output = add(std::move(output), Role::value, where);
    if (mask) node.mask = add(std::move(*mask), Role::value, mask_word);
    graph_.nodes.push_back(std::move(node));
  }

  // The kind of value that the operator wants; a whole number where it does not know the attribute.
  static std::size_t type_of(const Operator& op, const std::string& key) {
    for (const AttributeSpec& spec : op.attributes) {
      if (key == spec.name) return spec.otherwise.index();
    }
    return 0;
  }

  AttributeValue value(std::size_t type) {
    if (words_.is("[")) return integers();
    if (words_.now().kind == Word::Kind::quoted) return words_.take().text;
    if (type == 1) return real();
    return integer();
  }

  // "name" was read; the rest: ": f32[1, 2] quantised(…)".
  Tensor typed(const std::string& tensor_name) {
    Tensor tensor;
    tensor.name = tensor_name;
    words_.expect(":");
    const std::string type = name();
    const auto known_type = data_type_named(type);
    if (!known_type)
      words_.fail(fmt::format("unknown type '{}' before this", type), "f32, i8, i16, i32 or bit");
    tensor.type = *known_type;
    tensor.shape = integers();
    try {
      check_size(tensor.shape);
    } catch (const RuleError& error) {
      words_.fail(fmt::format("'{}' {}", tensor_name, error.what()));
    }
    if (words_.is_word("quantised")) tensor.quantization = quantization();
    return tensor;
  }

  Quantization quantization() {
    Quantization q;
    words_.take();
    words_.expect("(");
    while (!words_.accept(")")) {
      const std::string key = name();
      words_.expect("=");
      if (key == "scale") {
        q.scale = list<double>([this] { return real(); });
      } else if (key == "zero_point") {
        q.zero_point = integers();
      } else if (key == "axis") {
        q.axis = integer();
      } else {
        words_.fail(fmt::format("unknown '{}' of a quantisation", key),
                    base::suggest(key, {"scale", "zero_point", "axis"}));
      }
      if (!words_.is(")")) words_.expect(",");
    }
    return q;
  }

  std::string name() {
    const Word::Kind kind = words_.now().kind;
    if (kind != Word::Kind::name && kind != Word::Kind::quoted)
      words_.fail("a name was expected, got " + words_.shown());
    return words_.take().text;
  }

  TensorId known() {
    const Word where = words_.now();
    const std::string wanted = name();
    const auto found = ids_.find(wanted);
    if (found == ids_.end()) {
      words_.fail_at(where, fmt::format("unknown tensor '{}'", wanted),
                     "it must stand in a line before this one");
    }
    return found->second;
  }

  TensorId add(Tensor tensor, Role role, const Word& where) {
    tensor.role = role;
    const auto id = static_cast<TensorId>(graph_.tensors.size());
    if (!ids_.emplace(tensor.name, id).second)
      words_.fail_at(where, fmt::format("'{}' stands twice", tensor.name));
    graph_.tensors.push_back(std::move(tensor));
    return id;
  }

  template <typename T, typename One>
  std::vector<T> list(const One& one) {
    std::vector<T> values;
    words_.expect("[");
    while (!words_.accept("]")) {
      values.push_back(one());
      if (!words_.is("]")) words_.expect(",");
    }
    return values;
  }
  std::vector<std::int64_t> integers() {
    return list<std::int64_t>([this] { return integer(); });
  }

  template <typename T>
  T number(const char* what) {
    const Word word = words_.now();
    T value{};
    const char* end = word.text.data() + word.text.size();
    const auto [stop, error] = std::from_chars(word.text.data(), end, value);
    if (word.kind != Word::Kind::name || error != std::errc() || stop != end) {
      words_.fail(fmt::format("{} was expected, got {}", what, words_.shown()));
    }
    words_.take();
    return value;
  }
  std::int64_t integer() { return number<std::int64_t>("a whole number"); }
  double real() {
    const auto value = number<double>("a number");
    if (!std::isfinite(value)) words_.fail("a finite number was expected before this");
    return value;
  }

  Words words_;
  const OperatorTable& table_;
  Graph graph_;
  std::unordered_map<std::string, TensorId> ids_;
};

}  // namespace

Graph from_text(const std::string& text, const std::string& origin, const OperatorTable& table) {
  Graph graph = Reader(text, origin, table).read();
  verify(graph, origin);
  return graph;
}

}  // namespace frugal::ir
