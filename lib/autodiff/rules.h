// The gradient rules, one an operator, in the table of rules.cpp. A new operator's rule is a function there
// that adds the nodes of its backward pass.
#pragma once

#include <optional>
#include <string>

#include "autodiff/backward.h"
#include "ir/builder.h"

namespace frugal::autodiff {

// What a rule sees of one forward node, and what it may do.
class Backward {
 public:
  virtual ~Backward() = default;

  virtual const ir::Graph& graph() const = 0;
  virtual const ir::Node& node() const = 0;
  const ir::Tensor& input(std::size_t i) const { return graph().tensor(node().inputs[i]); }
  const ir::Tensor& output() const { return graph().tensor(node().output); }
  virtual ir::TensorId gradient() const = 0;  // of the node's output

  virtual bool wants(std::size_t input) const = 0;  // a gradient of this input
  virtual const TrainedLayer* trained() const = 0;  // null: nothing of this node
  virtual void give(std::size_t input, ir::TensorId gradient) = 0;
  virtual void give_parameter(ir::TensorId parameter, ir::TensorId gradient,
                              const std::vector<std::int64_t>& channels) = 0;

  // A node called output.suffix.
  virtual ir::TensorId add(const char* op, const std::string& suffix, const std::vector<ir::TensorId>& inputs,
                           const ir::Attributes& attributes = {}) = 0;
  virtual ir::TensorId constant(const std::string& suffix, const std::vector<float>& values) = 0;
  virtual ir::TensorId mask() = 0;  // of the node
  [[noreturn]] virtual void fail(const std::string& message, const std::string& hint = "") const = 0;
};

using Rule = void (*)(Backward&);
Rule find_rule(const std::string& op);  // null: it has no gradient

}  // namespace frugal::autodiff
