// Tokenizer files of a folder (vocab.txt, vocab.json with merges.txt, tokenizer_config.json) and what is read
// with them: labelled texts, and token files with their header.

#include "base/error.h"
#include "data/tokens/labelled_text.h"
#include "data/tokens/token_stream.h"
#include "data/tokens/tokenizer.h"
#include "fuzz/folder.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static fuzz::Folder folder;
  folder.fill({reinterpret_cast<const char*>(bytes), size},
              {"vocab.txt", "vocab.json", "merges.txt", "tokenizer_config.json", "labelled.tsv", "tokens.bin",
               "tokens.json"});
  try {
    const data::TokenStream stream = data::TokenStream::open(folder.path() + "/tokens.bin");
    for (std::int64_t i = 0; i < stream.size(); ++i) FRUGAL_ASSERT(stream.at(i) >= 0, "tokens are numbers");
    stream.check_range(1000);
  } catch (const base::UserError&) {
  }
  for (const char* name : {"vocab.txt", "vocab.json"}) {
    try {
      const auto tokenizer = data::load_tokenizer(folder.path() + "/" + name);
      for (const std::int32_t id : tokenizer->encode("In the beginning, 12 [MASK] caf\xC3\xA9\n\n don't")) {
        FRUGAL_ASSERT(id >= 0 && id < tokenizer->vocab_size(), "a token of the vocabulary");
      }
      const auto texts = data::read_labelled_texts(folder.path() + "/labelled.tsv", *tokenizer);
      FRUGAL_ASSERT(texts.labels.size() == texts.tokens.size(), "a label for each text");
      for (const std::int64_t label : texts.labels) {
        FRUGAL_ASSERT(label >= 0 && label < static_cast<std::int64_t>(texts.classes.size()),
                      "a label is a class");
      }
    } catch (const base::UserError&) {
    }
  }
  return 0;
}
