#include "adapt/training.h"

#include "adapt/batches.h"
#include "base/stop.h"
#include "ir/model.h"
#include "quant/integer_network.h"
#include "sparse/scheme.h"

namespace frugal::adapt {

ir::Model as_trained(const ir::Model& model, const MethodConfig& method, const std::string& origin) {
  return method.storage == "integer" && !method.in_float() ? quant::with_integer_head(model, origin) : model;
}

quant::Score trained_score(const ir::Model& given, const sparse::UpdateScheme& scheme,
                           const MethodConfig& method, const quant::Samples& support,
                           const quant::Samples& held_out, std::int64_t seed, const std::string& origin) {
  const ir::Model model = as_trained(given, method, origin);
  quant::Trainer trainer(model, sparse::trained_layers(model, scheme), method.trainer(seed, 1), origin);
  Batches batches(support.size(), method, static_cast<std::uint64_t>(seed));
  for (std::int64_t step = 0; step < batches.total_steps(); ++step) {
    trainer.step(support, batches.of_step(step), batches.learning_rate(step));
    base::stop_if_requested();
  }
  return trainer.evaluate(held_out);
}

}  // namespace frugal::adapt
