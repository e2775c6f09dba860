#include "train/knn.h"

#include <torch/torch.h>

#include <algorithm>

#include "base/error.h"

namespace frugal::train {

using torch::Tensor;

double knn_error(const LabelledFeatures& examples, const LabelledFeatures& queries, std::int64_t neighbours) {
  FRUGAL_ASSERT(examples.features.size(0) > 0 && queries.features.size(0) > 0, "examples and queries");
  const torch::NoGradGuard no_grad;
  const Tensor mean = examples.features.mean(0);
  const auto directions = [&](const Tensor& features) {
    return torch::nn::functional::normalize(features - mean,
                                            torch::nn::functional::NormalizeFuncOptions().dim(1));
  };
  const Tensor known = directions(examples.features).t(), asked = directions(queries.features);
  const std::int64_t nearest = std::min(neighbours, known.size(1));
  const std::int64_t classes = examples.labels.max().item<std::int64_t>() + 1;
  std::int64_t wrong = 0;
  constexpr std::int64_t at_once = 512;
  for (std::int64_t first = 0; first < asked.size(0); first += at_once) {
    const std::int64_t count = std::min(at_once, asked.size(0) - first);
    const Tensor near = std::get<1>(torch::mm(asked.narrow(0, first, count), known).topk(nearest, 1));
    const Tensor votes = torch::zeros({count, classes})
                             .scatter_add(1, examples.labels.index_select(0, near.flatten()).view_as(near),
                                          torch::ones({count, nearest}));
    wrong += votes.argmax(1).ne(queries.labels.narrow(0, first, count)).sum().item<std::int64_t>();
  }
  return static_cast<double>(wrong) / static_cast<double>(asked.size(0));
}

}  // namespace frugal::train
