#include "adapt/head.h"

#include <algorithm>

#include "base/error.h"
#include "ir/model.h"
#include "quant/autoencoder.h"
#include "quant/head.h"
#include "sparse/fisher.h"

namespace frugal::adapt {

ir::Model with_head(const ir::Model& model, const std::string& kind, const quant::Samples& samples,
                    std::int64_t seed, const std::string& origin) {
  if (kind == "none") return quant::as_autoencoder(model, origin);
  const std::int64_t classes = kind == "keep" ? 0 : samples.class_count;
  ir::Model made = quant::with_float_head(model, classes, static_cast<std::uint64_t>(seed), origin);
  if (kind != "means") return made;
  const auto few = sparse::few_samples(samples, samples.class_count * 100, 0);
  return sparse::with_class_means(made, samples, few, origin);
}

ir::Model with_grown_head(const ir::Model& model, const std::vector<std::int64_t>& known,
                          std::int64_t class_count, const std::string& origin) {
  const ir::Model old = quant::with_float_head(model, 0, 0, origin);
  ir::Model made = quant::with_float_head(model, class_count, 0, origin);
  const std::vector<ir::TensorId> from = old.graph.nodes.back().inputs, to = made.graph.nodes.back().inputs;
  const std::int64_t classes = old.graph.tensor(from[1]).shape[0];
  if (classes != static_cast<std::int64_t>(known.size()))
    throw base::UserError("head",
                          "grow: the head of " + origin + " has " + std::to_string(classes) +
                              " classes, but stream.known names " + std::to_string(known.size()),
                          "name the class of each of its rows, in their order");
  for (const std::size_t parameter : {std::size_t{1}, std::size_t{2}}) {
    const auto old_rows = old.values<float>(from[parameter]);
    const auto rows = made.values<float>(to[parameter]);
    std::fill(rows.begin(), rows.end(), 0.0F);
    const std::size_t each = old_rows.size() / known.size();
    for (std::size_t i = 0; i < known.size(); ++i)
      std::copy_n(old_rows.data() + i * each, each, rows.data() + static_cast<std::size_t>(known[i]) * each);
  }
  return made;
}

}  // namespace frugal::adapt
