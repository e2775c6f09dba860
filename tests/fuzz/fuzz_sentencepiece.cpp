// A SentencePiece model: any bytes give a tokenizer whose tokens are of its vocabulary, or a UserError.

#include "base/error.h"
#include "data/tokens/tokenizer_pipeline.h"
#include "fuzz/memory_file.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string* path = fuzz::memory_file(bytes, size);
  if (path == nullptr) return 0;
  try {
    const auto tokenizer = data::load_sentencepiece(*path);
    for (const std::int32_t id : tokenizer->encode("In the beginning, 12 <s> caf\xC3\xA9\n\n don't"))
      FRUGAL_ASSERT(id >= 0 && id < tokenizer->vocab_size(), "a token of the vocabulary");
    for (const std::int32_t id : tokenizer->special_ids())
      FRUGAL_ASSERT(id >= 0 && id < tokenizer->vocab_size(), "a token of the vocabulary");
    tokenizer->id_of("</s>");
  } catch (const base::UserError&) {
  }
  return 0;
}
