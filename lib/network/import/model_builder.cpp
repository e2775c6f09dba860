#include "network/import/model_builder.h"

#include <cmath>

#include "base/error.h"

namespace frugal::network {
namespace {

constexpr std::size_t longest_name = 200;

}  // namespace

std::string ModelBuilder::unique(const std::string& given_name) {
  // Of other people's files: no bytes that a text file or JSON could not hold.
  std::string name = given_name.substr(0, longest_name);
  for (char& c : name) {
    if (c < ' ' || c > '~') c = '_';
  }
  std::int64_t& times = times_[name];
  std::string given = times == 0 ? name : name + "_" + std::to_string(times + 1);
  while (!names_.insert(given).second) given = name + "_" + std::to_string(++times + 1);
  ++times;
  return given;
}

std::string ModelBuilder::numbered(const std::string& kind) {
  return unique(kind + std::to_string(numbers_[kind]++));
}

ir::TensorId ModelBuilder::parameter(std::size_t index) const {
  const ir::Node& node = graph.graph().nodes.back();
  const std::size_t computes_on = ir::call_of(graph.graph(), node).inputs.size();
  return node.inputs[computes_on + index];
}

ir::Model ModelBuilder::finish(const std::vector<ir::TensorId>& outputs, const std::string& origin) {
  model_.graph = graph.finish(outputs);
  model_.data.resize(model_.graph.tensors.size());
  ir::verify(model_, origin);
  return std::move(model_);
}

ir::Quantization per_tensor(double scale, std::int64_t zero_point) {
  return {{scale}, {zero_point}, ir::none};
}

ir::Quantization per_channel(std::vector<double> scale) {
  const std::size_t channels = scale.size();
  return {std::move(scale), std::vector<std::int64_t>(channels, 0), 0};
}

void check_scales(const ir::Builder& graph, std::span<const double> scale, const std::string& of) {
  for (const double one : scale) {
    if (!(one > 0) || !std::isfinite(one))
      graph.fail(ir::words(of, " has the scale ", std::to_string(one), ", which is no positive number"));
  }
}

}  // namespace frugal::network
