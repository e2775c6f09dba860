// What the layers of a network append their operators to while it is lowered (network/lower.h).
#pragma once

#include <string>

#include "ir/builder.h"
#include "network/network.h"

namespace frugal::network {

class Lowering {
 public:
  // origin: the file, for messages.
  Lowering(const std::string& graph_name, const BatchNorm& bn, std::string origin)
      : graph(graph_name), bn_(bn), origin_(std::move(origin)) {}

  ir::Builder graph;

  // What follows belongs to the layer of this name ("blocks.1.cell"): its place in the file, for messages.
  void at(const std::string& layer);
  void need_channels(ir::TensorId x, std::int64_t channels) const;
  ir::TensorId batch_norm(ir::TensorId x, const std::string& name);
  ir::TensorId activate(ir::TensorId x, Activation activation, const std::string& name);
  // "takes … features": the classifier, on [1, features].
  ir::TensorId classify(ir::TensorId x, const LinearLayer& layer);
  Shape shape(ir::TensorId x) const;

 private:
  const BatchNorm bn_;
  const std::string origin_;
};

// Attributes of a window with one kernel, stride, padding and dilation for height and width.
ir::Attributes square_window(std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                             std::int64_t dilation);

}  // namespace frugal::network
