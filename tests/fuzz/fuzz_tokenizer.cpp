// tokenizer.json: every input gives a tokenizer or a UserError, and a tokenizer reads any text.
#include <string_view>

#include "base/error.h"
#include "data/tokens/tokenizer.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  try {
    const auto tokenizer = data::parse_tokenizer_json(text, "input");
    std::size_t total = 0;
    for (const std::string_view sample :
         {std::string_view("In the beginning, 12 [MASK] caf\xC3\xA9\n\n don't"),
          std::string_view("\xE4\xB8\xAD\xE6\x96\x87 \xC4\xB0\xF0\x9F\x98\x80")}) {
      for (const std::int32_t id : tokenizer->encode(sample)) {
        FRUGAL_ASSERT(id >= 0 && id < tokenizer->vocab_size(), "a token of the vocabulary");
        ++total;
      }
    }
    volatile std::size_t kept = total;
    (void)kept;
  } catch (const base::UserError&) {
  }
  return 0;
}
