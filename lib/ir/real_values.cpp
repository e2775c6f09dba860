#include "ir/real_values.h"

#include "ir/integer_scale.h"

namespace frugal::ir {

std::vector<float> real_values(const Model& model, const Node& node, TensorId parameter) {
  const Tensor& tensor = model.graph.tensor(parameter);
  if (tensor.type == DataType::float32) {
    const auto values = model.values<float>(parameter);
    return {values.begin(), values.end()};
  }
  const Quantization& q = *model.graph.tensor(node.inputs[1]).quantization;
  const auto of_channel = [&](const auto& list, std::size_t c) { return list[list.size() == 1 ? 0 : c]; };
  const auto channels = static_cast<std::size_t>(tensor.shape[0]);
  std::vector<float> real;
  if (tensor.type == DataType::int32) {
    const double x_scale = scale_of(model.graph.tensor(node.inputs[0]));
    const auto values = model.values<std::int32_t>(parameter);
    for (std::size_t c = 0; c < channels; ++c)
      real.push_back(static_cast<float>(values[c] * of_channel(q.scale, c) * x_scale));
    return real;
  }
  const auto push = [&](const auto& values) {
    const std::size_t each = values.size() / channels;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t c = i / each;
      real.push_back(static_cast<float>(of_channel(q.scale, c) *
                                        static_cast<double>(values[i] - of_channel(q.zero_point, c))));
    }
  };
  if (tensor.type == DataType::int16) {
    push(model.values<std::int16_t>(parameter));
  } else {
    push(model.values<std::int8_t>(parameter));
  }
  return real;
}

}  // namespace frugal::ir
