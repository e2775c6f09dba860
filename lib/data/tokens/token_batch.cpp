#include "data/tokens/token_batch.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>

#include "base/error.h"
#include "base/random.h"

namespace frugal::data {

using base::UserError;

TokenBatches::TokenBatches(const TokenStream& stream, std::int64_t sequence_length, std::int64_t batch_size,
                           std::uint64_t seed, const MaskConfig& mask, int rank, int world)
    : stream_(stream),
      sequence_length_(sequence_length),
      batch_size_(batch_size),
      seed_(seed),
      mask_(mask),
      rank_(rank),
      world_(world) {
  if (stream.size() < span()) {
    throw UserError(stream.origin(),
                    fmt::format("holds {} tokens, but one sequence needs {}", stream.size(), span()),
                    "give more text, or a smaller data.sequence_length");
  }
  if (mask_.enabled && mask_.mask_id < 0) mask_.mask_id = stream.header().mask_id;
  if (mask_.enabled && (mask_.mask_id < 0 || mask_.mask_id >= mask_.vocab_size)) {
    throw UserError(stream.origin(),
                    fmt::format("masked language modelling needs a mask token within the vocabulary, got {}",
                                mask_.mask_id),
                    "set mask.token_id, or use a tokenizer that has [MASK] or <mask>");
  }
  auto& special = mask_.special_ids;
  special.insert(special.end(), stream.header().special_ids.begin(), stream.header().special_ids.end());
  if (mask_.enabled) special.push_back(mask_.mask_id);
  std::sort(special.begin(), special.end());
}

TokenBatch TokenBatches::at(std::int64_t step) const {
  base::Random random(seed_, fmt::format("tokens/{}", step));
  std::vector<std::int64_t> offsets(static_cast<std::size_t>(batch_size_));
  const auto places = static_cast<std::uint64_t>(stream_.size() - span() + 1);
  for (std::int64_t& offset : offsets) offset = static_cast<std::int64_t>(random.below(places));
  const std::size_t share = offsets.size() / static_cast<std::size_t>(world_);
  const std::size_t first = share * static_cast<std::size_t>(rank_);
  return collect(offsets, first, first + share, fmt::format("masks/{}", step));
}

std::int64_t TokenBatches::whole_sequences() const {
  return (stream_.size() - (span() - sequence_length_)) / sequence_length_;
}

std::int64_t TokenBatches::sequence_count(std::int64_t most_tokens) const {
  return std::max<std::int64_t>(1, std::min(whole_sequences(), most_tokens / sequence_length_));
}

TokenBatch TokenBatches::sequences(std::int64_t first, std::int64_t count, std::int64_t of) const {
  std::vector<std::int64_t> offsets;
  const std::int64_t apart = std::max<std::int64_t>(1, whole_sequences() / of) * sequence_length_;
  for (std::int64_t i = first; i < first + count; ++i) offsets.push_back(i * apart);
  return collect(offsets, 0, offsets.size(), fmt::format("validation/{}", first));
}

TokenBatch TokenBatches::collect(const std::vector<std::int64_t>& offsets, std::size_t first,
                                 std::size_t last, const std::string& stream_name) const {
  const auto rows = static_cast<std::int64_t>(last - first);
  const std::int64_t length = sequence_length_;
  TokenBatch batch;
  batch.ids = torch::empty({rows, length}, torch::kInt64);
  auto* ids = batch.ids.data_ptr<std::int64_t>();
  if (!mask_.enabled) {
    batch.targets = torch::empty({rows * length}, torch::kInt64);
    auto* targets = batch.targets.data_ptr<std::int64_t>();
    for (std::size_t row = first; row < last; ++row, ids += length, targets += length) {
      stream_.copy(offsets[row], length, ids);
      std::copy(ids + 1, ids + length, targets);
      targets[length - 1] = stream_.at(offsets[row] + length);
    }
    batch.predictions = static_cast<std::int64_t>(offsets.size()) * length;
    return batch;
  }
  std::vector<std::int64_t> chosen, targets, sequence(static_cast<std::size_t>(length));
  // All rows are drawn on every process, so that the number of predictions is known without asking.
  for (std::size_t row = 0; row < offsets.size(); ++row) {
    base::Random random(seed_, fmt::format("{}/{}", stream_name, row));
    const bool mine = row >= first && row < last;
    stream_.copy(offsets[row], length, sequence.data());
    for (std::int64_t t = 0; t < length; ++t) {
      const std::int64_t token = sequence[static_cast<std::size_t>(t)];
      std::int64_t shown = token;
      if (random.uniform() < mask_.share &&
          !std::binary_search(mask_.special_ids.begin(), mask_.special_ids.end(), token)) {
        ++batch.predictions;
        const double way = random.uniform();
        if (way < 0.8) {
          shown = mask_.mask_id;
        } else if (way < 0.9) {
          shown = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(mask_.vocab_size)));
        }
        if (mine) {
          chosen.push_back(static_cast<std::int64_t>(row - first) * length + t);
          targets.push_back(token);
        }
      }
      if (mine) ids[static_cast<std::int64_t>(row - first) * length + t] = shown;
    }
  }
  batch.rows = torch::tensor(chosen, torch::kInt64);
  batch.targets = torch::tensor(targets, torch::kInt64);
  return batch;
}

}  // namespace frugal::data
