// A whole folder of a Hugging Face model: config, weights in one file or in shards, tokenizer. Weights are
// read whole.

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/folder_file.h"
#include "checkpoint/sharded.h"
#include "config/config.h"
#include "data/tokens/tokenizer.h"
#include "fuzz/folder.h"
#include "model/transformer/config.h"

using namespace frugal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static fuzz::Folder folder;
  folder.fill({reinterpret_cast<const char*>(bytes), size},
              {"config.json", "model.safetensors", "model.safetensors.index.json", "a.safetensors",
               "b.safetensors", "pytorch_model.bin", "adapter_config.json", "tokenizer.json", "vocab.txt"});
  try {
    data::load_tokenizer(folder.path());
  } catch (const base::UserError&) {
  }
  try {
    const checkpoint::ShardedFile files(folder.path());
    unsigned sum = 0;
    for (const auto& [name, place] : files.tensors()) {
      for (const unsigned char byte : place.bytes()) sum += byte;
    }
    volatile unsigned kept = sum;
    (void)kept;
    const std::string path = base::folder_file(folder.path(), "config.json");
    const model::TransformerConfig config =
        model::read_config(config::parse(base::read_text(path), path), path,
                           [&](const std::string& name) { return files.find(name) != nullptr; });
    if (config.layers <= 50) model::file_tensors(config);
  } catch (const base::UserError&) {
  }
  return 0;
}
