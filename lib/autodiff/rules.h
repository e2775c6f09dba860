// The gradient rules, one an operator, in two tables: rules.cpp for gradients in float, integer_rules.cpp for
// those without (training on processors that have no floating point). A new operator's rule is a function
// there that adds the nodes of its backward pass.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "autodiff/backward.h"
#include "ir/builder.h"

namespace frugal::autodiff {

// What a rule sees of one forward node, and what it may do.
class NodeView {
 public:
  virtual ~NodeView() = default;

  virtual const ir::Graph& graph() const = 0;
  virtual const ir::Node& node() const = 0;
  const ir::Tensor& input(std::size_t i) const { return graph().tensor(node().inputs[i]); }
  const ir::Tensor& output() const { return graph().tensor(node().output); }

  virtual bool wants(std::size_t input) const = 0;  // a gradient of this input
  virtual const TrainedLayer* trained() const = 0;  // null: nothing of this node

  // A node called output.suffix.
  virtual ir::TensorId add(const char* op, const std::string& suffix, const std::vector<ir::TensorId>& inputs,
                           const ir::Attributes& attributes = {}) = 0;
  virtual ir::TensorId mask() = 0;  // of the node
  [[noreturn]] virtual void fail(const std::string& message, const std::string& hint = "") const = 0;
};

// With gradients in f32.
class Backward : public NodeView {
 public:
  virtual ir::TensorId gradient() const = 0;  // of the node's output
  virtual void give(std::size_t input, ir::TensorId gradient) = 0;
  virtual void give_parameter(ir::TensorId parameter, ir::TensorId gradient,
                              const std::vector<std::int64_t>& channels) = 0;
  virtual ir::TensorId constant(const std::string& suffix, const std::vector<float>& values) = 0;
};

using Rule = void (*)(Backward&);
Rule find_rule(const std::string& op);  // null: it has no gradient

// A gradient without floats (ops/integer.h): scale · mantissa · 2^exponent, one scale or one an output
// channel. Where a node only changes the scale, the same mantissas serve.
struct Mantissas {
  ir::TensorId values = ir::none, exponent = ir::none;  // i16, and i32 [1]
  std::vector<double> scale{1};

  Mantissas times(double factor) const;
};

class IntegerBackward : public NodeView {
 public:
  virtual const Mantissas& gradient() const = 0;
  virtual void give(std::size_t input, const Mantissas& gradient) = 0;
  virtual void give_parameter(ir::TensorId parameter, const Mantissas& gradient,
                              const std::vector<std::int64_t>& channels) = 0;
  virtual ir::TensorId factors(const std::string& suffix, const std::vector<std::int16_t>& values) = 0;
  // Sums in i32, of this scale at the exponent `before` (none: 0), as mantissas.
  virtual Mantissas narrowed(ir::TensorId sums, const std::string& suffix, ir::TensorId before,
                             const std::vector<double>& scale) = 0;
  // Says how the tensor of a node is stored: i16 or i32 of this scale.
  virtual void store_as(ir::TensorId id, ir::DataType type, const std::vector<double>& scale) = 0;
};

using IntegerRule = void (*)(IntegerBackward&);
IntegerRule find_integer_rule(const std::string& op);

// ---- what both tables need ------------------------------------------------------------------------------

ir::Attributes only(const ir::Attributes& all, std::initializer_list<const char*> names);
// "size": the shape behind the batch of what the node takes.
ir::Attributes with_size(const NodeView& b, ir::Attributes attributes);
ir::Attributes with_channels(const NodeView& b, ir::Attributes attributes);
// Whether an activation may lie in the node's clamp: one narrower than int8, or a ReLU whose zero is the
// least number that int8 has.
bool holds_activation(const NodeView& b);
// Fails where a pool has an activation in it: its kernels keep no mask.
void no_activation(const NodeView& b);

}  // namespace frugal::autodiff
