#include "adapt/examples.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ir/integer_scale.h"
#include "ir/operator.h"

namespace frugal::adapt {
namespace {

using base::UserError;

ir::Dims without_ones(const ir::Dims& shape) {
  ir::Dims extents(shape.begin() + 1, shape.end());
  std::erase(extents, 1);
  return extents;
}

// Rows of the smallest table that an input is looked up in; none where nothing looks it up.
std::optional<std::int64_t> vocabulary_of(const ir::Graph& graph, ir::TensorId input) {
  std::optional<std::int64_t> rows;
  for (const ir::Node& node : graph.nodes) {
    if (node.op->name != std::string("embedding") || node.inputs.front() != input) continue;
    const std::int64_t here = graph.tensor(node.inputs[1]).shape[0];
    rows = std::min(rows.value_or(here), here);
  }
  return rows;
}

void check_tokens(const Examples& examples, const ir::Graph& graph, const std::string& place) {
  const std::optional<std::int64_t> rows = vocabulary_of(graph, graph.inputs.front());
  if (!rows) throw UserError(place, "takes whole numbers that it does not look up in a table");
  if (!examples.mean.empty())
    throw UserError("data.mean", "token numbers have neither mean nor deviation", "leave mean and std out");
  std::vector<float> tokens(examples.numbers());
  for (std::size_t i = 0; i < examples.size(); ++i) {
    examples.real(i, tokens.data());
    for (const float token : tokens) {
      if (token < 0 || token >= static_cast<float>(*rows) ||
          token != static_cast<float>(static_cast<std::int64_t>(token)))
        throw UserError(place,
                        "looks tokens up in a table of " + std::to_string(*rows) + " rows, but example " +
                            std::to_string(i) + " of " + examples.name + " holds " + std::to_string(token),
                        "token numbers are whole, from 0 to " + std::to_string(*rows - 1));
    }
  }
}

}  // namespace

std::unique_ptr<Examples> open_examples(const ExampleConfig& config, samples::Split split, Unnamed unnamed) {
  if (config.augment.any())
    throw UserError(config.place + "/augment", "has no effect here: examples are learnt as they are",
                    "leave it out");
  return config.kind == "tensors" ? open_tensor_examples(config, split) : open_images(config, split, unnamed);
}

std::int8_t stored_number(double real, const ir::Tensor& input) {
  const double stored =
      std::ceil(real / ir::scale_of(input) - 0.5001) + static_cast<double>(ir::zero_point_of(input));
  return static_cast<std::int8_t>(std::clamp(stored, -128.0, 127.0));
}

void check_examples(const Examples& examples, const ir::Graph& graph, const std::string& place) {
  const ir::Tensor& input = graph.tensor(graph.inputs.front());
  if (input.shape.empty() || without_ones(input.shape) != without_ones(examples.shape)) {
    const bool images = examples.shape.size() == 4;
    throw UserError(place,
                    "takes " + std::string(images ? "images" : "samples") + " of " +
                        ir::to_text(input.shape) + ", but those of " + examples.name + " are " +
                        ir::to_text(examples.shape),
                    images ? "set data.resolution and data.channels" : "");
  }
  if (input.type == ir::DataType::int32) check_tokens(examples, graph, place);
}

}  // namespace frugal::adapt
