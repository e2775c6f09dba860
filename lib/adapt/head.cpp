#include "adapt/head.h"

#include "quant/head.h"
#include "sparse/fisher.h"

namespace frugal::adapt {

ir::Model with_head(const ir::Model& model, const std::string& kind, const quant::Samples& samples,
                    std::int64_t seed, const std::string& origin) {
  const std::int64_t classes = kind == "keep" ? 0 : samples.class_count;
  ir::Model made = quant::with_float_head(model, classes, static_cast<std::uint64_t>(seed), origin);
  if (kind != "means") return made;
  const auto few = sparse::few_samples(samples, samples.class_count * 100, 0);
  return sparse::with_class_means(made, samples, few, origin);
}

}  // namespace frugal::adapt
