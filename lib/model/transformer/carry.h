// The files of a model directory that are no weights: a grown or trained model's directory takes them along,
// so that it is whole where its source was.
#pragma once

#include <cstdint>
#include <string>

namespace frugal::model {

// Copies tokenizer, generation config, license and the like; and, where modules.json makes it a directory of
// sentence-transformers, the folders of its modules, with `hidden_size` where they state the embedding's
// size. Not copied: weights, what a run wrote about itself, README.md (it speaks of the other model), pipes,
// devices, and links that lead out of the folder.
void carry_files(const std::string& from, const std::string& to, std::int64_t hidden_size);

// Before anything is written: UserError where a module has weights over a hidden size that changes (a Dense
// after the pooling).
void check_carried(const std::string& from, std::int64_t old_hidden, std::int64_t new_hidden);

}  // namespace frugal::model
