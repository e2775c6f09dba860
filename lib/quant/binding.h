// One node of a graph, as the functions see it that bind a kernel to it (quant/kernels.cpp,
// quant/integer_kernels.cpp).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "ir/operator.h"
#include "ops/arguments.h"
#include "quant/call.h"
#include "quant/kernels.h"

namespace frugal::quant {

struct Binding {
  const ir::Model& model;
  const ir::Node& node;
  const std::string& origin;

  const ir::Tensor& input(std::size_t i) const { return model.graph.tensor(node.inputs[i]); }
  const ir::Tensor& output() const { return model.graph.tensor(node.output); }
  bool has_input(std::size_t i) const { return i < node.inputs.size(); }
  // What is passed to a kernel: an input (a null pointer where there is none), the output, its mask.
  Value x(std::size_t i) const { return {has_input(i) ? node.inputs[i] : ir::none}; }
  Value y() const { return {node.output}; }
  Value mask() const { return {node.mask}; }
  std::int32_t count() const { return static_cast<std::int32_t>(ir::elements(output().shape)); }
  // Of the first input's elements a channel.
  std::int32_t pixels() const {
    return static_cast<std::int32_t>(ir::elements(input(0).shape) / input(0).shape[1]);
  }

  [[noreturn]] void fail(const std::string& message, const std::string& hint = "") const {
    throw base::UserError(origin + ": " + output().name, message, hint);
  }
  void need(std::size_t i, ir::DataType type) const {
    if (input(i).type != type)
      fail(std::string(node.op->name) + " has no kernel for " + ir::name_of(input(i).type) + " in place of " +
           ir::name_of(type) + " ('" + input(i).name + "')");
  }
};

// The list of channels of a gradient's node, empty where all are trained.
inline Table<std::int32_t> channels_of(const ir::Node& node) {
  const auto& list = std::get<std::vector<std::int64_t>>(node.attributes.front().second);
  return Table(std::vector<std::int32_t>(list.begin(), list.end()));
}

inline std::int32_t zero_of(const ir::Tensor& x) { return static_cast<std::int32_t>(ir::zero_point_of(x)); }

struct KernelEntry {
  const char* op;
  Step (*bind)(const Binding&);
};

// Scales for a call. Fails where a fixed-point number cannot hold one.
Scales shared(const Binding& b, ops::Requantize made);
// Of an input with one number an element or a channel: how many numbers repeat. Fails for other shapes.
std::int32_t repeated(const Binding& b, std::size_t input);

// What the kernels of a conv_weight_update take.
struct WeightUpdate {
  ops_window window;
  std::int32_t zero;
  Table<std::int32_t> taken;
  Update update;
  std::size_t scratch;
};
WeightUpdate weight_update_of(const Binding& b);

// The table of product_kernels.cpp.
std::span<const KernelEntry> product_kernels();

// The table of update_kernels.cpp.
std::span<const KernelEntry> update_kernels();

// The kernels of training without floats: of nodes that take or give i16 mantissas, i32 sums or exponents.
// Null where the node is none of these.
const KernelEntry* integer_kernel(const ir::Model& model, const ir::Node& node);

}  // namespace frugal::quant
