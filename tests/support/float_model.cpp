#include "support/float_model.h"

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "ir/builder.h"
#include "ir/operator.h"
#include "support/random_graph.h"

namespace frugal::test {
namespace {

using ir::TensorId;
using List = std::vector<std::int64_t>;

ir::Attributes window(std::int64_t kernel, std::int64_t stride) {
  const std::int64_t pad = kernel / 2;
  return {{"kernel", List{kernel, kernel}},
          {"stride", List{stride, stride}},
          {"padding", List{pad, pad, pad, pad}},
          {"dilation", List{1, 1}}};
}

ir::Attributes convolution(std::int64_t out, std::int64_t kernel, std::int64_t stride) {
  ir::Attributes attributes = window(kernel, stride);
  attributes.emplace_back("out_channels", out);
  return attributes;
}

}  // namespace

ir::Model with_numbers(ir::Graph graph, std::uint64_t seed) {
  base::Random random(seed, "float model");
  ir::Model model;
  model.data.resize(graph.tensors.size());
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
    ir::Tensor& tensor = graph.tensors[i];
    if (tensor.role == ir::Role::input || tensor.role == ir::Role::value) continue;
    tensor.type = ir::DataType::float32;
    tensor.quantization.reset();
    const auto ends = [&](const char* end) { return tensor.name.ends_with(end); };
    const bool is_scale = tensor.shape.size() == 1 && (ends(".weight") || ends("running_var"));
    const double deviation = tensor.shape.size() == 1
                                 ? 0.2
                                 : std::sqrt(2.0 * static_cast<double>(tensor.shape[0]) /
                                             static_cast<double>(ir::elements(tensor.shape)));
    std::vector<float> values;
    for (std::int64_t k = 0; k < ir::elements(tensor.shape); ++k)
      values.push_back(static_cast<float>(is_scale ? 0.5 + random.uniform() : deviation * random.normal()));
    model.set<float>(static_cast<TensorId>(i), values);
  }
  model.graph = std::move(graph);
  return model;
}

ir::Model small_float_model(std::uint64_t seed, const std::string& activation) {
  ir::Builder graph("small");
  TensorId x = graph.input("images", {1, 2, 6, 5});
  x = graph.add("conv", "stem.conv", {x}, convolution(6, 3, 1));
  x = graph.add("batch_norm", "stem.bn", {x});
  const TensorId stem = graph.add(activation, "stem.act", {x});
  x = graph.add("depthwise_conv", "depth.conv", {stem}, window(3, 1));
  x = graph.add("batch_norm", "depth.bn", {x});
  x = graph.add(activation, "depth.act", {x});
  x = graph.add("conv", "point.conv", {x}, convolution(6, 1, 1));
  x = graph.add("batch_norm", "point.bn", {x});
  x = graph.add("identity", "nothing", {x});
  x = graph.add("add", "sum", {x, stem});
  x = graph.add("global_average_pool", "pool", {x});
  x = graph.add("flatten", "features", {x});
  x = graph.add("fully_connected", "head", {x}, {{"out_features", std::int64_t{3}}});
  return with_numbers(graph.finish({x}), seed);
}

ir::Model random_float_model(std::uint64_t seed) { return with_numbers(random_graph(seed), seed); }

TensorId tensor_named(const ir::Graph& graph, const std::string& name) {
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
    if (graph.tensors[i].name == name) return static_cast<TensorId>(i);
  }
  FRUGAL_ASSERT(false, "a tensor that the graph does not have");
  return ir::none;
}

}  // namespace frugal::test
