// Batches of a token stream. What a batch holds follows from (seed, step) alone: a resumed run and any number
// of processes see the same global batch.
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "data/tokens/token_stream.h"

namespace frugal::data {

struct TokenBatch {
  torch::Tensor ids;      // [B, T] int64
  torch::Tensor rows;     // [N] int64: flat positions (b · T + t) that are predicted; undefined: all of them
  torch::Tensor targets;  // [N] int64
  std::int64_t predictions = 0;  // N over all processes
};

// BERT's masking (Devlin et al. 2019, section 3.1): of the tokens chosen 80 % become the mask, 10 % a random
// token, 10 % stay.
struct MaskConfig {
  bool enabled = false;
  double share = 0.15;
  std::int64_t mask_id = -1;  // −1: as the tokens' header or tokenizer says
  std::int64_t vocab_size = 0;
  std::vector<std::int64_t> special_ids;
};

class TokenBatches {
 public:
  // UserError where the stream is shorter than one sequence.
  TokenBatches(const TokenStream& stream, std::int64_t sequence_length, std::int64_t batch_size,
               std::uint64_t seed, const MaskConfig& mask, int rank = 0, int world = 1);

  // The batch of a step: sequences at random offsets; this process's share of its rows.
  TokenBatch at(std::int64_t step) const;

  // For evaluation: sequences [first, first + count) of `of` that lie evenly over the stream; masks follow
  // from the sequence's number.
  TokenBatch sequences(std::int64_t first, std::int64_t count, std::int64_t of) const;
  std::int64_t sequence_count(std::int64_t most_tokens) const;

  std::int64_t batch_size() const { return batch_size_; }

 private:
  TokenBatch collect(const std::vector<std::int64_t>& offsets, std::size_t first, std::size_t last,
                     const std::string& stream_name) const;
  std::int64_t whole_sequences() const;
  std::int64_t span() const { return sequence_length_ + (mask_.enabled ? 0 : 1); }

  const TokenStream& stream_;
  std::int64_t sequence_length_, batch_size_;
  std::uint64_t seed_;
  MaskConfig mask_;
  int rank_, world_;
};

}  // namespace frugal::data
