#include "checkpoint/pickle.h"

#include <bit>
#include <cstring>
#include <map>

#include "base/error.h"

namespace frugal::checkpoint {
namespace {

using base::UserError;
using Kind = Pickled::Kind;

// The machine of opcodes (PEP 307, 3154): a stack, marks on it, a memo.
class Machine {
 public:
  Machine(std::span<const unsigned char> bytes, const std::string& place) : bytes_(bytes), place_(place) {}

  Pickle run() {
    for (;;) {
      const unsigned char code = take(1)[0];
      if (code == '.') break;
      step(code);
    }
    made_.root = pop();
    return std::move(made_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw UserError(place_, what, "is it a file of tensors, and copied to its end?");
  }
  std::span<const unsigned char> take(std::uint64_t count) {
    if (count > bytes_.size() - at_) fail("is a pickle that is cut short");
    at_ += count;
    return bytes_.subspan(at_ - count, count);
  }
  std::uint64_t number(std::size_t width) {
    const auto from = take(width);
    std::uint64_t value = 0;
    for (std::size_t i = width; i-- > 0;) value = value << 8 | from[i];
    return value;
  }
  std::string text(std::uint64_t count) {
    const auto from = take(count);
    return {from.begin(), from.end()};
  }
  std::string line() {
    std::string found;
    for (unsigned char one = take(1)[0]; one != '\n'; one = take(1)[0])
      found.push_back(static_cast<char>(one));
    return found;
  }
  Pickled* made(Kind kind) {
    made_.values.emplace_back();
    made_.values.back().kind = kind;
    return &made_.values.back();
  }
  Pickled* made_text(Kind kind, std::string text) {
    Pickled* value = made(kind);
    value->text = std::move(text);
    return value;
  }
  Pickled* made_integer(std::int64_t number) {
    Pickled* value = made(Kind::integer);
    value->integer = number;
    return value;
  }
  void push(Pickled* value) { stack_.push_back(value); }
  Pickled* pop() {
    if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back())) fail("is a damaged pickle");
    Pickled* value = stack_.back();
    stack_.pop_back();
    return value;
  }
  Pickled& top(Kind kind) {
    if (stack_.empty() || stack_.back()->kind != kind) fail("is a damaged pickle");
    return *stack_.back();
  }
  std::vector<Pickled*> since_mark() {
    if (marks_.empty() || marks_.back() > stack_.size()) fail("is a damaged pickle");
    const auto from = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Pickled*> items(from, stack_.end());
    stack_.erase(from, stack_.end());
    marks_.pop_back();
    return items;
  }
  void push_list(std::vector<Pickled*> items) {
    Pickled* list = made(Kind::list);
    list->items = std::move(items);
    push(list);
  }
  void add(Kind kind, std::vector<Pickled*> items) {
    // An OrderedDict is a call whose result gets items.
    if (stack_.empty()) fail("is a damaged pickle");
    Pickled& target = *stack_.back();
    const bool dict = kind == Kind::dict && target.kind == Kind::call && target.function.ends_with("Dict");
    if (target.kind != kind && !dict) fail("is a damaged pickle");
    if (dict) {
      target.kind = Kind::dict;
      target.items.clear();
    }
    if (kind == Kind::dict && items.size() % 2 != 0) fail("is a damaged pickle");
    target.items.insert(target.items.end(), items.begin(), items.end());
  }
  void call() {
    const Pickled* arguments = pop();
    const Pickled* function = pop();
    if (function->kind != Kind::global || arguments->kind != Kind::list) fail("is a damaged pickle");
    Pickled* result = made(Kind::call);
    result->function = function->text;
    result->items = arguments->items;
    push(result);
  }
  void step(unsigned char code);
  bool step_value(unsigned char code);

  std::span<const unsigned char> bytes_;
  const std::string& place_;
  std::uint64_t at_ = 0;
  Pickle made_;
  std::vector<Pickled*> stack_;
  std::vector<std::size_t> marks_;
  std::map<std::uint64_t, Pickled*> memo_;
};

// Opcodes that push a value of their own.
bool Machine::step_value(unsigned char code) {
  switch (code) {
    case 'N':
      push(made(Kind::none));
      return true;
    case 0x88:
    case 0x89: {
      Pickled* value = made(Kind::boolean);
      value->integer = code == 0x88 ? 1 : 0;
      push(value);
      return true;
    }
    case 'K':
      push(made_integer(static_cast<std::int64_t>(number(1))));
      return true;
    case 'M':
      push(made_integer(static_cast<std::int64_t>(number(2))));
      return true;
    case 'J':
      push(made_integer(static_cast<std::int32_t>(static_cast<std::uint32_t>(number(4)))));
      return true;
    case 0x8a: {  // a whole number of given width, two's complement
      const std::uint64_t width = number(1);
      if (width > 8) fail("holds a number that is larger than any size");
      std::uint64_t value = number(width);
      if (width > 0 && width < 8 && (value >> (8 * width - 1)) != 0)
        value |= ~std::uint64_t{0} << (8 * width);
      push(made_integer(static_cast<std::int64_t>(value)));
      return true;
    }
    case 'G': {  // big-endian
      const auto from = take(8);
      std::uint64_t bits = 0;
      for (const unsigned char one : from) bits = bits << 8 | one;
      Pickled* value = made(Kind::real);
      value->real = std::bit_cast<double>(bits);
      push(value);
      return true;
    }
    case 'X':
    case 'T':
    case 'B':
      push(made_text(Kind::text, text(number(4))));
      return true;
    case 0x8c:
    case 'U':
    case 'C':
      push(made_text(Kind::text, text(number(1))));
      return true;
    case 0x8d:
      push(made_text(Kind::text, text(number(8))));
      return true;
    case 'c': {
      const std::string module = line();
      push(made_text(Kind::global, module + "." + line()));
      return true;
    }
    case '}':
      push(made(Kind::dict));
      return true;
    case ']':
    case ')':
    case 0x8f:  // a set
      push(made(Kind::list));
      return true;
    default:
      return false;
  }
}

void Machine::step(unsigned char code) {
  if (step_value(code)) return;
  const auto remembered = [&](std::uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) fail("is a damaged pickle");
    push(found->second);
  };
  const auto remember = [&](std::uint64_t key) {
    if (stack_.empty()) fail("is a damaged pickle");
    memo_[key] = stack_.back();
  };
  switch (code) {
    case 0x80:
      take(1);  // the protocol
      break;
    case 0x95:
      take(8);  // a frame
      break;
    case '(':
      marks_.push_back(stack_.size());
      break;
    case '0':
      pop();
      break;
    case 'q':
      remember(number(1));
      break;
    case 'r':
      remember(number(4));
      break;
    case 0x94:
      remember(memo_.size());
      break;
    case 'h':
      remembered(number(1));
      break;
    case 'j':
      remembered(number(4));
      break;
    case 't':
    case 'l':
      push_list(since_mark());
      break;
    case 0x85:
    case 0x86:
    case 0x87: {
      std::vector<Pickled*> items(code - 0x84);
      for (std::size_t i = items.size(); i-- > 0;) items[i] = pop();
      push_list(std::move(items));
      break;
    }
    case 'a': {
      Pickled* item = pop();
      add(Kind::list, {item});
      break;
    }
    case 'e':
    case 0x90:
      add(Kind::list, since_mark());
      break;
    case 's': {
      Pickled* value = pop();
      Pickled* key = pop();
      add(Kind::dict, {key, value});
      break;
    }
    case 'u':
      add(Kind::dict, since_mark());
      break;
    case 0x93: {
      const Pickled* name = pop();
      const Pickled* module = pop();
      push(made_text(Kind::global, module->text + "." + name->text));
      break;
    }
    case 'R':
    case 0x81:
      call();
      break;
    case 'b':  // sets the state of what was made: OrderedDict's metadata and the like
      pop();
      break;
    case 'Q': {
      const Pickled* id = pop();
      Pickled* value = made(Kind::stored);
      value->items = id->items;
      push(value);
      break;
    }
    default:
      fail("holds the pickle opcode " + std::to_string(code) + ", which files of tensors do not have");
  }
}

}  // namespace

const Pickled* Pickled::find(const std::string& key) const {
  for (std::size_t i = 0; kind == Kind::dict && i + 1 < items.size(); i += 2) {
    if (items[i]->kind == Kind::text && items[i]->text == key) return items[i + 1];
  }
  return nullptr;
}

Pickle read_pickle(std::span<const unsigned char> bytes, const std::string& place) {
  return Machine(bytes, place).run();
}

}  // namespace frugal::checkpoint
