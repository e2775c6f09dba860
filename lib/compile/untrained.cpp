#include "compile/untrained.h"

#include <cmath>
#include <vector>

#include "compile/stages.h"
#include "ir/model.h"
#include "network/lower.h"
#include "quant/convert/fold.h"
#include "quant/convert/stored.h"
#include "quant/convert/to_int8.h"

namespace frugal::compile {
namespace {

// What is learnt by the channel (biases, the four of a batch norm) is 1; weights are of both signs.
std::vector<float> made_up(const ir::Dims& shape) {
  std::vector<float> numbers(static_cast<std::size_t>(ir::elements(shape)), 1.0F);
  if (shape.size() < 2) return numbers;
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = std::sin(static_cast<float>(i + 1));
  return numbers;
}

}  // namespace

ir::Model int8_form(const network::NetworkConfig& network, const CompileConfig& config) {
  const std::string& origin = config.network;
  const char* rounding = config.method.storage == "integer" ? "integer" : "float32-half-even";
  ir::Model model;
  model.graph = *network::lower(network, 0, origin).graph;
  model.data.resize(model.graph.tensors.size());
  for (std::size_t i = 0; i < model.graph.tensors.size(); ++i) {
    const ir::Tensor& tensor = model.graph.tensors[i];
    if (tensor.role == ir::Role::input || tensor.role == ir::Role::value) continue;
    model.set<float>(static_cast<ir::TensorId>(i), made_up(tensor.shape));
  }
  const ir::Model folded = quant::fold(model, origin);
  const std::vector<quant::StoredLayer> layers = quant::stored_layers(folded.graph, origin);
  const std::vector<quant::ValueRange> ranges(folded.graph.tensors.size(), {-6, 6});
  return quant::to_int8(folded, layers, ranges, {rounding, true}, origin).model;
}

Footprint footprint_untrained(const network::NetworkConfig& network, const CompileConfig& config) {
  const Stages stages = make_stages(int8_form(network, config), config);
  const device::FileSettings settings = file_settings(config);
  return footprint_of(emit::DeviceProgram(stages.step, kernels_of(settings.target), config.network),
                      settings);
}

}  // namespace frugal::compile
