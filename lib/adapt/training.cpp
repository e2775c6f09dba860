#include "adapt/training.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/random.h"
#include "base/stop.h"
#include "sparse/scheme.h"

namespace frugal::adapt {

quant::Score trained_score(const ir::Model& model, const sparse::UpdateScheme& scheme,
                           const MethodConfig& method, const quant::Samples& support,
                           const quant::Samples& held_out, std::int64_t seed, const std::string& origin) {
  quant::Trainer trainer(model, sparse::trained_layers(model, scheme), method.trainer(seed, 1), origin);
  const auto images = static_cast<std::int64_t>(support.size());
  const std::int64_t steps_per_epoch = (images + method.batch_size - 1) / method.batch_size;
  const std::int64_t total =
      std::max<std::int64_t>(1, std::llround(method.epochs * static_cast<double>(steps_per_epoch)));
  std::vector<std::size_t> order;
  for (std::int64_t step = 0; step < total; ++step) {
    const std::int64_t in_epoch = step % steps_per_epoch;
    if (in_epoch == 0) {
      base::Random random(static_cast<std::uint64_t>(seed),
                          "order " + std::to_string(step / steps_per_epoch));
      order = random.permutation(support.size());
    }
    const auto begin = static_cast<std::size_t>(in_epoch * method.batch_size);
    const std::size_t size = std::min(order.size() - begin, static_cast<std::size_t>(method.batch_size));
    trainer.step(support, std::span(order).subspan(begin, size),
                 train::learning_rate(method.schedule, step, total, steps_per_epoch));
    base::stop_if_requested();
  }
  return trainer.evaluate(held_out);
}

}  // namespace frugal::adapt
