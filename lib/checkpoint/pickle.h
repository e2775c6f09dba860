// What a pickle says, without running anything of it: numbers, texts, lists, dictionaries, and calls as data
// (which function of which module, with what). Python's own reader would import and call them; here the
// caller looks at names and makes something of those that it knows.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

namespace frugal::checkpoint {

struct Pickled {
  enum class Kind {
    none,
    boolean,
    integer,
    real,
    text,
    list,    // tuples too
    dict,    // `items` in turn key, value
    global,  // `text` is "module.name"
    call,    // `function` ("module.name") of `items`; what is set on the result is left out
    stored   // a persistent id: `items` say what lies outside of the pickle
  };
  Kind kind = Kind::none;
  std::int64_t integer = 0;
  double real = 0;
  std::string text, function;
  std::vector<Pickled*> items;

  const Pickled* find(const std::string& key) const;  // of a dict; null where there is none
};

// All values of one pickle; they point at each other, in circles where the file says so.
struct Pickle {
  std::deque<Pickled> values;
  const Pickled* root = nullptr;
};

// UserError with `place` on damage and on opcodes that no file of tensors has.
Pickle read_pickle(std::span<const unsigned char> bytes, const std::string& place);

}  // namespace frugal::checkpoint
