#include "train/transformers/features.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <map>

#include "base/error.h"

namespace frugal::train {

using torch::Tensor;

LabelledFeatures text_features(const model::TransformerConfig& model, const model::Weights& weights,
                               const data::LabelledTexts& texts, Pool pool, std::size_t most_tokens,
                               const std::string& origin) {
  const torch::NoGradGuard no_grad;
  std::map<std::size_t, std::vector<std::int64_t>> of_length;  // texts of one length need no padding
  for (std::size_t i = 0; i < texts.tokens.size(); ++i) {
    const std::int32_t highest = *std::ranges::max_element(texts.tokens[i]);
    if (highest >= model.vocab_size) {
      throw base::UserError(
          origin, fmt::format("token {} is not in the model's vocabulary of {}", highest, model.vocab_size),
          "is the tokenizer the model's own?");
    }
    of_length[std::min(texts.tokens[i].size(), most_tokens)].push_back(static_cast<std::int64_t>(i));
  }
  LabelledFeatures result;
  result.labels = torch::tensor(texts.labels, torch::kInt64);
  result.features = torch::empty({result.labels.size(0), model.hidden_size});
  constexpr std::size_t at_once = 64;
  for (const auto& [length, members] : of_length) {
    for (std::size_t first = 0; first < members.size(); first += at_once) {
      const auto rows = torch::tensor(std::vector<std::int64_t>(
          members.begin() + static_cast<std::ptrdiff_t>(first),
          members.begin() + static_cast<std::ptrdiff_t>(std::min(first + at_once, members.size()))));
      std::vector<std::int64_t> ids;
      for (std::int64_t row = 0; row < rows.size(0); ++row) {
        const auto& tokens = texts.tokens[static_cast<std::size_t>(rows[row].item<std::int64_t>())];
        const auto from = static_cast<std::ptrdiff_t>(pool == Pool::last ? tokens.size() - length : 0);
        ids.insert(ids.end(), tokens.begin() + from,
                   tokens.begin() + from + static_cast<std::ptrdiff_t>(length));
      }
      model::TransformerInput input;
      input.ids = torch::tensor(ids, torch::kInt64).view({rows.size(0), static_cast<std::int64_t>(length)});
      const Tensor hidden = model::hidden_states(model, weights, input);
      result.features.index_copy_(0, rows, pool == Pool::mean ? hidden.mean(1) : hidden.select(1, -1));
    }
  }
  return result;
}

}  // namespace frugal::train
