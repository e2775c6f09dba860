#include "adapt/samples.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/error.h"
#include "ir/graph.h"
#include "samples/split.h"

namespace frugal::adapt {
namespace {

using base::UserError;

// Token numbers as int32.
Examples::Store stored_tokens(const Examples& examples) {
  return [&examples](std::size_t i, std::int8_t* out) {
    std::vector<float> values(examples.numbers());
    examples.real(i, values.data());
    for (const float value : values) {
      const auto token = static_cast<std::int32_t>(value);
      std::memcpy(out, &token, sizeof(token));
      out += sizeof(token);
    }
  };
}

}  // namespace

std::vector<std::size_t> all_or(const Examples& examples, const std::vector<std::size_t>& which) {
  if (!which.empty()) return which;
  std::vector<std::size_t> all(examples.size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

quant::Samples samples_of(const Examples& examples, const std::vector<std::size_t>& which,
                          const ir::Graph& graph, const std::string& place) {
  const ir::Tensor& input = graph.tensor(graph.inputs.front());
  const bool tokens = input.type == ir::DataType::int32;
  if (!tokens && (input.type != ir::DataType::int8 || !input.quantization))
    throw UserError(place, "takes no int8 input", "quantize the network first");
  check_examples(examples, graph, place);
  const Examples::Store store = tokens ? stored_tokens(examples) : examples.stored_by(input);
  quant::Samples samples;
  const std::size_t bytes = examples.numbers() * (tokens ? sizeof(std::int32_t) : 1);
  samples.image_bytes = static_cast<std::int64_t>(bytes);
  samples.class_count = examples.class_count();
  const std::vector<std::size_t> all = all_or(examples, which);
  samples.images.resize(all.size() * bytes);
  for (std::size_t k = 0; k < all.size(); ++k) {
    store(all[k], samples.images.data() + k * bytes);
    samples.labels.push_back(static_cast<std::int32_t>(examples.labels[all[k]]));
  }
  return samples;
}

std::vector<std::size_t> few_of_each(const Examples& examples, std::int64_t shots, std::int64_t seed) {
  std::vector<std::size_t> chosen;
  if (shots == 0) return chosen;
  std::vector<std::int64_t> count(static_cast<std::size_t>(examples.class_count()), 0);
  for (const std::int64_t i :
       samples::balanced_order(examples.labels, static_cast<std::uint64_t>(seed), "shots")) {
    std::int64_t& of_class = count[static_cast<std::size_t>(examples.labels[static_cast<std::size_t>(i)])];
    if (of_class < shots) {
      ++of_class;
      chosen.push_back(static_cast<std::size_t>(i));
    }
  }
  for (std::size_t c = 0; c < count.size(); ++c) {
    if (count[c] < shots)
      throw UserError("shots", "asks for " + std::to_string(shots) + " images a class, but " + examples.name +
                                   " has " + std::to_string(count[c]) + " of class '" +
                                   examples.class_names[c] + "'");
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::vector<std::size_t> usual_ones(const Examples& examples, const std::vector<std::size_t>& which,
                                    const quant::AnomalyConfig& anomaly) {
  if (!anomaly.used()) return which;
  std::vector<std::size_t> usual = all_or(examples, which);
  std::erase_if(usual, [&](std::size_t i) { return !anomaly.is_usual(examples.labels[i]); });
  if (usual.empty())
    throw UserError("anomaly.normal", "names classes of which " + examples.name + " has no sample");
  return usual;
}

std::vector<std::size_t> balanced_part(const Examples& examples, std::int64_t count) {
  if (count == 0 || count >= static_cast<std::int64_t>(examples.size())) return {};
  std::vector<std::int64_t> order = samples::balanced_order(examples.labels, 0, "part");
  order.resize(static_cast<std::size_t>(count));
  std::sort(order.begin(), order.end());
  return {order.begin(), order.end()};
}

}  // namespace frugal::adapt
